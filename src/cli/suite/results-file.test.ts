import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { randomRow } from '../../../test/random-row.ts'
import { openResultsFile } from './results-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'migrator-results-'))
afterAll(() => rmSync(folder, { recursive: true }))

const row = (seed: number) => randomRow({ scenario: 'flat', seed, policy: 'paris', goodput: 0.5 })

test('rows are in the file as soon as they are made, and are there when it is opened again', () => {
  const path = join(folder, 'rows.jsonl')
  const file = openResultsFile(path)
  file.append(row(1))
  file.append(row(2))
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3)
  expect([...openResultsFile(path).rows.values()]).toEqual([row(1), row(2)])
})

test('a line that was cut off is dropped, and the next row begins a line of its own', () => {
  const path = join(folder, 'cut.jsonl')
  openResultsFile(path).append(row(1))
  appendFileSync(path, JSON.stringify(row(2)).slice(0, 200))
  const file = openResultsFile(path)
  expect(file.rows.size).toBe(1)
  file.append(row(3))
  expect([...openResultsFile(path).rows.values()]).toEqual([row(1), row(3)])
})

test('rows of another version are left out once they were made again', () => {
  const path = join(folder, 'versions.jsonl')
  const file = openResultsFile(path)
  const newer = { ...row(1), inputHash: 'newer' }
  for (const own of [row(1), row(2), newer]) file.append(own)
  file.tidy([newer])
  expect([...openResultsFile(path).rows.values()]).toEqual([row(2), newer])
})

test('a file of something else is refused with its line, and left as it is', () => {
  const path = join(folder, 'notes.txt')
  writeFileSync(path, `${JSON.stringify(row(1))}\nmilk, eggs\n`)
  expect(() => openResultsFile(path)).toThrow(/notes\.txt:2: .*no row/)
  expect(readFileSync(path, 'utf8')).toContain('milk')
})
