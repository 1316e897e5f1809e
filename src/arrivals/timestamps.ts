import { must } from '../base/assert.ts'
import type { Trace } from '../core/workload/trace.ts'
import type { Row } from './rows.ts'
import { refusal } from './rows.ts'
import { quoted } from './trace-error.ts'

/** A trace of ascending times, counted from the first of them. */
export function fromTimes(times: readonly number[], clumpSeconds = 0): Trace {
  const first = must(times[0])
  return {
    kind: 'timestamps',
    seconds: Float64Array.from(times, (time) => time - first),
    clumpSeconds,
  }
}

/** Throws when the row's time lies before that of the row above it. */
export function checkAscending(row: Row, index: number, time: number, before: number): void {
  if (time >= before) return
  const found = `${quoted(must(row.cells[index]))}, earlier than the line before`
  throw refusal(row, index, 'trace-unsorted', found, 'times in ascending order')
}

/**
 * The rows of the series asked for (its name in the cell `index`), or all when none is asked for.
 */
export function ofSeries(
  rows: readonly Row[],
  index: number,
  series: string | null,
): readonly Row[] {
  if (series === null) return rows
  const chosen = rows.filter((row) => row.cells[index] === series)
  if (chosen.length > 0) return chosen
  const names = [...new Set(rows.map((row) => must(row.cells[index])))]
  const accepted = `one of ${shortList(names)}`
  throw refusal(must(rows[0]), index, 'trace-series', `no row of ${quoted(series)}`, accepted)
}

/** The first few of the names, quoted. */
export function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(quoted).join(', ')
  return names.length > 5 ? `${shown} … (${names.length} in all)` : shown
}
