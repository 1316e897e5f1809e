import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { expect } from 'vitest'

/**
 * Holds text against `test/golden/<name>`. UPDATE_GOLDEN=1 writes the file instead: look at the
 * difference before committing it.
 */
export function expectGolden(name: string, text: string): void {
  const file = resolve(import.meta.dirname, 'golden', name)
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  expect(existsSync(file), `${name} is missing: run with UPDATE_GOLDEN=1`).toBe(true)
  expect(text).toBe(readFileSync(file, 'utf8'))
}
