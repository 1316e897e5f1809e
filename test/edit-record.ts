import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type RecordJson = Readonly<Record<string, unknown>>

/** Changes (or, by null, removes) what a state directory tells of a worker. */
export function editRecord(
  stateDir: string,
  workerId: string,
  edit: (record: RecordJson) => RecordJson | null,
): void {
  const dir = join(stateDir, 'workers', workerId)
  const path = join(dir, 'record.json')
  const edited = edit(readJson(path))
  mkdirSync(dir, { recursive: true })
  if (edited === null) rmSync(path)
  else writeFileSync(path, JSON.stringify(edited))
}

function readJson(path: string): RecordJson {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RecordJson
  } catch {
    return {}
  }
}
