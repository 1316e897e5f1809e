import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { type SuiteRow, worldKey } from '../../observe/suite/suite-row.ts'
import { writeFileWhole } from '../output.ts'
import { UsageError } from '../usage-error.ts'

/** Rows kept as JSON lines, appended as they are made, so that what was interrupted goes on. */
export type ResultsFile = {
  /** By input hash. */
  readonly rows: ReadonlyMap<string, SuiteRow>
  readonly append: (row: SuiteRow) => void
  /**
   * Leaves out what `current` replaces: rows of the same run, policy, knobs and budget with another
   * input hash. They were made by another version of the code or of the data.
   */
  readonly tidy: (current: readonly SuiteRow[]) => void
}

/**
 * Opens a results file, or begins one; null keeps rows in memory only. A last line that was cut off
 * is dropped. Throws UsageError for a file that is something else.
 */
export function openResultsFile(path: string | null): ResultsFile {
  const rows = new Map<string, SuiteRow>()
  if (path !== null && existsSync(path)) {
    const text = readFileSync(path, 'utf8')
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    for (const row of rowsIn(whole, path)) rows.set(row.inputHash, row)
    if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole))
  }
  return {
    rows,
    append: (row) => {
      rows.set(row.inputHash, row)
      if (path !== null) appendFileSync(path, lineOf(row))
    },
    tidy: (current) => {
      const hashes = new Map(current.map((row) => [sameRun(row), row.inputHash]))
      const kept = [...rows.values()].filter(
        (row) => (hashes.get(sameRun(row)) ?? row.inputHash) === row.inputHash,
      )
      if (path !== null && kept.length < rows.size) {
        writeFileWhole(path, kept.map(lineOf).join(''))
      }
    },
  }
}

function lineOf(row: SuiteRow): string {
  return `${JSON.stringify(row)}\n`
}

function sameRun(row: SuiteRow): string {
  return `${worldKey(row)} ${JSON.stringify(row.budget)}`
}

/** The rows of a results file's text; `path` is for messages. */
export function rowsIn(text: string, path: string): readonly SuiteRow[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line, index) => {
    const row = parsed(line)
    if (row === null) throw new UsageError(`${path}:${index + 1}: this line is no row of results`)
    return row
  })
}

function parsed(line: string): SuiteRow | null {
  try {
    const value: unknown = JSON.parse(line)
    const isRow = typeof value === 'object' && value !== null && 'inputHash' in value
    return isRow && 'kind' in value && 'scenario' in value ? (value as SuiteRow) : null
  } catch {
    return null
  }
}
