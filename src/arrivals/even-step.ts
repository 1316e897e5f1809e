import { must } from '../base/assert.ts'
import { type Row, refusal } from './rows.ts'
import { quoted } from './trace-error.ts'

const stepSecondsMin = 1

/**
 * The step between the times in the rows' first cells, which must be even and at least a second;
 * `single` when there is one row only. Throws at the first row that breaks it.
 */
export function evenStep(rows: readonly Row[], times: readonly number[], single: number): number {
  if (times.length < 2) return single
  const step = must(times[1]) - must(times[0])
  for (let i = 1; i < times.length; i += 1) {
    const row = must(rows[i])
    const found = quoted(must(row.cells[0]))
    const here = must(times[i]) - must(times[i - 1])
    if (here <= 0) {
      throw refusal(row, 0, 'trace-unsorted', found, 'a time later than the line before')
    }
    if (here < stepSecondsMin) {
      throw refusal(row, 0, 'trace-gap', found, 'steps of at least one second')
    }
    if (Math.abs(here - step) > 1e-6 * step) {
      const wanted = `${must(times[i - 1]) + step}: every row one step of ${step} s later`
      throw refusal(row, 0, 'trace-gap', found, wanted)
    }
  }
  return step
}
