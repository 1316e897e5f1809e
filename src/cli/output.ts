import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'

export const outputFormats = ['table', 'json', 'yaml'] as const
export type OutputFormat = (typeof outputFormats)[number]

// Loaded when it is asked for: most commands end sooner than it is read.
const loadYaml = (): typeof Yaml => createRequire(import.meta.url)('yaml')

/** Data goes to stdout and nothing else does; `table` is the text made for people. */
export function printResult(format: OutputFormat, value: unknown, table: () => string): void {
  switch (format) {
    case 'json':
      process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
      break
    case 'yaml':
      process.stdout.write(loadYaml().stringify(value, { aliasDuplicateObjects: false }))
      break
    case 'table':
      process.stdout.write(`${table()}\n`)
      break
  }
}

/** Writes the whole file or leaves what was there: a reader never sees half of it. */
export function writeFileWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}.part`
  try {
    writeFileSync(draft, text)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
