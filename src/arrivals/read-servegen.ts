import type { Trace } from '../core/workload/trace.ts'
import { evenStep } from './even-step.ts'
import { checkWidth, numberAt, type Row, rowsOf, type TraceText } from './rows.ts'

const accepted = 'rows of window start, rate, cv, distribution and its two arguments'
const columnCount = 6
const defaultWindowSeconds = 600

/**
 * ServeGen (alibaba/ServeGen, Apache-2.0), one client: no header, CRLF, a row per window
 * `0,1.33,8.6,Weibull,0.375,0.397` = start in seconds, requests per second, coefficient of
 * variation of the gaps, the distribution fitted to them and its arguments. Idle windows have empty
 * cells.
 */
export function readServeGen(input: TraceText): Trace {
  const rows = rowsOf(input, accepted)
  for (const row of rows) checkWidth(row, columnCount)
  const starts = rows.map((row) => numberAt(row, 0, 'a window start in seconds'))
  const binSeconds = evenStep(rows, starts, defaultWindowSeconds)
  const ratesRps = Float64Array.from(rows, (row) => numberOrEmpty(row, 1, 'a rate') ?? 0)
  const gapCv = Float64Array.from(rows, (row) => numberOrEmpty(row, 2, 'a cv') || Number.NaN)
  return { kind: 'rates', binSeconds, ratesRps, gapCv }
}

function numberOrEmpty(row: Row, index: number, what: string): number | null {
  return row.cells[index] === '' ? null : numberAt(row, index, `${what} or nothing`)
}
