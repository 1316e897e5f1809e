import { z } from 'zod'
import { profileFileSchema } from './profile-schema.ts'
import { siteSchema } from './site-schema.ts'

/** Files that people write, by the name of their JSON Schema below `data/schema`. */
const schemas = {
  'site.schema.json': {
    title: 'migrator site file',
    schema: siteSchema,
  },
  'profiles.schema.json': {
    title: 'migrator file of throughput figures',
    schema: profileFileSchema,
  },
} as const

export const jsonSchemaNames = Object.keys(schemas) as readonly (keyof typeof schemas)[]

/**
 * The JSON Schema (draft 2020-12) of what a person may write, for editors:
 * `scripts/make-schema.mjs` writes it. Checking stays with the schemas themselves, which also know
 * units and names.
 */
export function jsonSchemaOf(name: keyof typeof schemas): Record<string, unknown> {
  const { title, schema } = schemas[name]
  return { title, ...z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) }
}
