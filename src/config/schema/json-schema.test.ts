import { expect, test } from 'vitest'
import { dataText } from '../../../test/data-files.ts'
import { jsonSchemaNames, jsonSchemaOf } from './json-schema.ts'

for (const name of jsonSchemaNames) {
  test(`data/schema/${name} is current (node scripts/make-schema.mjs after a build)`, () => {
    expect(JSON.parse(dataText(`schema/${name}`))).toEqual(jsonSchemaOf(name))
  })
}

test('the schema for editors knows units, names and which keys are needed', () => {
  const schema = jsonSchemaOf('site.schema.json') as {
    required: string[]
    additionalProperties: boolean
    properties: Record<string, { pattern?: string; type?: unknown; default?: unknown }>
  }
  expect(schema.required).toEqual(['version', 'gpus', 'tenants'])
  expect(schema.additionalProperties).toBe(false)
  const window = schema.properties['window']
  expect(window?.default).toBe('200s')
  expect('200s').toMatch(new RegExp(window?.pattern ?? '^$'))
  expect('200').not.toMatch(new RegExp(window?.pattern ?? '^$'))
})
