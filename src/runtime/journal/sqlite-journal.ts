import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'
import { type FileLock, signatureOf, signLock, tryLock } from '../../devices/lock/file-lock.ts'
import type { Entry, Journal } from '../../reconfigure/journal.ts'
import { ledgerOf } from '../../reconfigure/ledger.ts'
import { JournalError } from './journal-error.ts'

/** What this program writes into the file's `user_version`, and reads. */
const formatVersion = 1

/** After so many entries what they amount to is written down, and reading begins there. */
const entriesBetweenSnapshots = 500

/** Older ones are deleted once they are part of a snapshot. */
const entriesKept = 20_000

/** An entry with its number and when it was written, in seconds since 1970 by this machine. */
export type WrittenEntry = {
  readonly sequence: number
  readonly atSeconds: number
  readonly entry: Entry
}

export type SqliteJournal = Journal & {
  /** All of them or none. */
  readonly appendAll: (entries: readonly Entry[]) => void
  /** The newest so many, oldest first. */
  readonly newest: (count: number) => readonly WrittenEntry[]
  readonly close: () => void
}

export type JournalOptions = {
  /** Seconds since 1970: a time for people. Order is by number, so a clock may jump. */
  readonly now: () => number
}

/**
 * Opens the journal in that file for this process alone; made if it is not there. Another process
 * that has it open, a file of another kind or a disk that cannot be written throws JournalError.
 */
export function openJournal(path: string, { now }: JournalOptions): SqliteJournal {
  const lock = lockFor(path)
  try {
    const database = guard('JOURNAL_UNREADABLE', `open the journal ${path}`, () => prepare(path))
    return journalOn(database, path, { now, lock })
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The entries of a journal that another process may have open; none where there is no file. */
export function readJournal(path: string): readonly Entry[] {
  if (!existsSync(path)) return []
  return guard('JOURNAL_UNREADABLE', `read the journal ${path}`, () => {
    const database = new Database(path, { readonly: true })
    try {
      return readAll(database)
    } finally {
      database.close()
    }
  })
}

function lockFor(path: string): FileLock {
  const action = `open the journal ${path}`
  const file = `${path}.lock`
  const lock = guard('JOURNAL_UNWRITABLE', action, () => {
    mkdirSync(dirname(path), { recursive: true })
    return tryLock(file)
  })
  if (lock === null) {
    const pid = signatureOf(file)
    const who = pid === null ? 'another process' : `the process ${pid}`
    throw new JournalError('JOURNAL_LOCKED', action, `${who} has it open`)
  }
  signLock(file)
  return lock
}

function prepare(path: string): Database.Database {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  // Every commit is on the disk when it comes back.
  database.pragma('synchronous = FULL')
  const row = database.prepare('pragma user_version').get() as { readonly user_version: number }
  const found = row.user_version
  if (found !== 0 && found !== formatVersion) {
    throw new Error(`its format is ${found}, this program knows ${formatVersion}`)
  }
  // A journal that is there already is opened without writing.
  if (found === formatVersion) return database
  database.exec(
    `create table if not exists entries (
      sequence integer primary key autoincrement,
      at_seconds real not null,
      kind text not null,
      body text not null
    ) strict`,
  )
  database.pragma(`user_version = ${formatVersion}`)
  return database
}

function journalOn(
  database: Database.Database,
  path: string,
  { now, lock }: JournalOptions & { readonly lock: FileLock },
): SqliteJournal {
  const insert = database.prepare('insert into entries (at_seconds, kind, body) values (?, ?, ?)')
  const write = (entry: Entry): void => {
    insert.run(now(), entry.kind, JSON.stringify(entry))
  }
  const append = (entry: Entry): void => {
    guard('JOURNAL_UNWRITABLE', `write to the journal ${path}`, () => write(entry))
  }
  const writeAll = database.transaction((entries: readonly Entry[]) => entries.forEach(write))
  compact(database, write)
  return {
    append,
    appendAll: (entries) =>
      guard('JOURNAL_UNWRITABLE', `write to the journal ${path}`, () => writeAll(entries)),
    entries: () => guard('JOURNAL_UNREADABLE', `read the journal ${path}`, () => readAll(database)),
    newest: (count) => {
      const rows = database
        .prepare('select sequence, at_seconds, body from entries order by sequence desc limit ?')
        .all(count) as Row[]
      return rows.reverse().map(({ sequence, at_seconds: atSeconds, body }) => {
        return { sequence, atSeconds, entry: JSON.parse(body) as Entry }
      })
    },
    close: () => {
      database.close()
      lock.release()
    },
  }
}

type Row = { readonly sequence: number; readonly at_seconds: number; readonly body: string }

/** From the newest snapshot on. */
function readAll(database: Database.Database): readonly Entry[] {
  const rows = database
    .prepare('select body from entries where sequence >= ? order by sequence')
    .all(newestSnapshot(database))
  return (rows as readonly { body: string }[]).map(({ body }) => JSON.parse(body) as Entry)
}

function newestSnapshot(database: Database.Database): number {
  const query =
    "select sequence from entries where kind = 'snapshot' order by sequence desc limit 1"
  const row = database.prepare(query).get() as { readonly sequence: number } | undefined
  return row?.sequence ?? 0
}

function compact(database: Database.Database, write: (entry: Entry) => void): void {
  const { count } = database
    .prepare('select count(*) as count from entries where sequence > ?')
    .get(newestSnapshot(database)) as { readonly count: number }
  if (count <= entriesBetweenSnapshots) return
  database.exec('begin immediate')
  write({ kind: 'snapshot', ledger: ledgerOf(readAll(database)) })
  database.exec(
    `delete from entries where sequence <= (select max(sequence) from entries) - ${entriesKept}`,
  )
  database.exec('commit')
}

function guard<T>(
  code: 'JOURNAL_UNREADABLE' | 'JOURNAL_UNWRITABLE',
  action: string,
  run: () => T,
): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof JournalError) throw error
    throw new JournalError(code, action, error instanceof Error ? error.message : String(error))
  }
}
