import { must } from '../base/assert.ts'
import type { Trace } from '../core/workload/trace.ts'
import { numberAt, rowsUnder, type TraceText } from './rows.ts'
import { checkAscending, fromTimes, ofSeries } from './timestamps.ts'

const six = 'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type'
const eight =
  'Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type'

/**
 * BurstGPT (HPMLL/BurstGPT, CC-BY), with or without sessions: `Timestamp` is seconds from midnight
 * of the first day, ascending. `series` is a `Model`.
 */
export function readBurstGpt(input: TraceText): Trace {
  const { header, rows } = rowsUnder(input, [six, eight])
  let before = 0
  for (const row of rows) {
    const time = numberAt(row, 0, 'seconds')
    checkAscending(row, 0, time, before)
    before = time
  }
  const chosen = ofSeries(rows, header === 0 ? 1 : 3, input.series)
  return fromTimes(chosen.map((row) => Number(must(row.cells[0]))))
}
