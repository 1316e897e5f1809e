// Writes data/schema/*.schema.json from the schemas that read the files: npm run build first.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { jsonSchemaNames, jsonSchemaOf } from '../dist/config/schema/json-schema.js'

const folder = fileURLToPath(new URL('../data/schema/', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const name of jsonSchemaNames) {
  writeFileSync(`${folder}${name}`, `${JSON.stringify(jsonSchemaOf(name), null, 2)}\n`)
}
execFileSync('npx', ['biome', 'format', '--write', folder], { stdio: 'inherit' })
