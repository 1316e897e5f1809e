import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Entry } from '../../reconfigure/journal.ts'
import { emptyLedger, ledgerOf } from '../../reconfigure/ledger.ts'
import { openJournal, readJournal } from './sqlite-journal.ts'

const fresh = () => join(mkdtempSync(join(tmpdir(), 'migrator-journal-')), 'state/journal.db')
const now = () => 1_700_000_000
const place = { gpu: 'GPU-1', profileId: 9, placement: { start: 0, size: 4 } }

function create(operation: number): readonly Entry[] {
  const ids = { gpuInstanceId: 1, computeInstanceId: 0, uuid: `MIG-${operation}` }
  return [
    { kind: 'create-begun', operation, place },
    { kind: 'gpu-instance-created', operation, gpuInstanceId: 1 },
    { kind: 'create-done', operation, instance: { ...place, operation, ...ids } },
  ]
}

test('entries come back in the order they were written, in another process too', () => {
  const path = fresh()
  const journal = openJournal(path, { now })
  for (const entry of create(1)) journal.append(entry)
  expect(journal.entries()).toEqual(create(1))
  expect(readJournal(path)).toEqual(create(1))
  journal.close()
  const again = openJournal(path, { now })
  expect(again.entries()).toEqual(create(1))
  again.close()
})

test('the newest are told with their numbers and times, whatever the clock does', () => {
  const times = [100, 50]
  const journal = openJournal(fresh(), { now: () => times.shift() ?? 0 })
  for (const entry of create(1)) journal.append(entry)
  const newest = journal.newest(2)
  expect(newest.map(({ sequence, atSeconds }) => [sequence, atSeconds])).toEqual([
    [2, 50],
    [3, 0],
  ])
  journal.close()
})

test('one process has it open at a time, and the next is told which', () => {
  const path = fresh()
  const journal = openJournal(path, { now })
  const text = `the process ${process.pid} has it open (JOURNAL_LOCKED)`
  expect(() => openJournal(path, { now })).toThrow(text)
  journal.close()
  openJournal(path, { now }).close()
})

test('a file of another kind is refused and left alone', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'migrator-journal-')), 'journal.db')
  writeFileSync(path, 'no database, but long enough to be one '.repeat(40))
  expect(() => openJournal(path, { now })).toThrow(/JOURNAL_UNREADABLE/)
  expect(() => openJournal(path, { now })).toThrow(/JOURNAL_UNREADABLE/)
})

test('a journal that is not there holds nothing', () => {
  expect(readJournal(fresh())).toEqual([])
})

test('a long journal is read from what it amounts to, and its newest entries stay', () => {
  const path = fresh()
  const journal = openJournal(path, { now })
  const entries = Array.from({ length: 7000 }, (_, i) => create(i + 1)).flat()
  journal.appendAll(entries)
  journal.close()
  const again = openJournal(path, { now })
  expect(again.entries()).toHaveLength(1)
  expect(ledgerOf(again.entries())).toEqual(ledgerOf(entries))
  expect(ledgerOf(again.entries())).not.toEqual(emptyLedger)
  const kept = again.newest(30_000)
  expect(kept).toHaveLength(20_000)
  expect(kept.at(-2)?.entry).toEqual(entries.at(-1))
  for (const entry of create(9000)) again.append(entry)
  expect(again.entries()).toHaveLength(4)
  again.close()
})

test('what was written is there after the process was killed', async () => {
  const path = fresh()
  const script = `
    import { openJournal } from './dist/runtime/journal/sqlite-journal.js'
    const journal = openJournal(process.argv[1], { now: () => 0 })
    for (let operation = 1; ; operation += 1) {
      journal.append({ kind: 'create-begun', operation, place: ${JSON.stringify(place)} })
      if (operation === 20) process.kill(process.pid, 'SIGKILL')
    }`
  const words = ['--input-type=module', '-e', script, path]
  const cwd = join(import.meta.dirname, '../../..')
  const killed = promisify(execFile)(process.execPath, words, { cwd })
  await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' })
  const journal = openJournal(path, { now })
  expect(journal.entries().length).toBeGreaterThanOrEqual(20)
  journal.close()
})

test('a full disk is an error of the journal, and what was written before stays', async () => {
  const path = fresh()
  const script = `
    import { openJournal } from './dist/runtime/journal/sqlite-journal.js'
    const journal = openJournal(process.argv[1], { now: () => 0 })
    const entry = { kind: 'create-begun', operation: 1, place: ${JSON.stringify(place)} }
    let written = 0
    try {
      for (; written < 100_000; written += 1) journal.append(entry)
    } catch (error) {
      console.log(written, error.name, error.code)
    }`
  // No file of this process may grow beyond 1 MB.
  const limited = 'ulimit -f 2000; exec "$0" "$@"'
  const words = ['-c', limited, process.execPath, '--input-type=module', '-e', script, path]
  const cwd = join(import.meta.dirname, '../../..')
  const { stdout } = await promisify(execFile)('sh', words, { cwd })
  const [written, ...error] = stdout.trim().split(' ')
  expect(error).toEqual(['JournalError', 'JOURNAL_UNWRITABLE'])
  expect(Number(written)).toBeGreaterThan(100)
  const journal = openJournal(path, { now })
  expect(journal.entries()).toHaveLength(Number(written))
  journal.close()
})
