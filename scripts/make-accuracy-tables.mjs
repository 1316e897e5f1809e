// Measures the accuracy tables of data/accuracy/ by running the learner of src/learning on its
// drifting streams: `npm run build && node scripts/make-accuracy-tables.mjs [table ...]`. Takes some
// minutes; the same seed gives the same tables.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { measureTable } from '../dist/learning/measure.js'
import { studies, tablesSeed } from '../dist/learning/studies.js'

const wanted = process.argv.slice(2)
const unknown = wanted.filter((id) => !studies.some((study) => study.id === id))
if (unknown.length > 0) {
  console.error(`No such table: ${unknown}; there are ${studies.map(({ id }) => id)}`)
  process.exit(64)
}
const folder = fileURLToPath(new URL('../data/accuracy/', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const study of studies) {
  if (wanted.length > 0 && !wanted.includes(study.id)) continue
  const table = measureTable(study, tablesSeed, (done, all) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${study.id}: ${done} of ${all} cells`)
  })
  const path = `${folder}${study.id}.json`
  writeFileSync(path, `${JSON.stringify(table, null, 2)}\n`)
  execFileSync('npx', ['biome', 'format', '--write', path], { stdio: 'ignore' })
  console.error(`\r${study.id}: ${path}`)
}
