import { must } from '../base/assert.ts'
import type { Trace } from '../core/workload/trace.ts'
import {
  checkSome,
  checkWidth,
  numberAt,
  type Row,
  refusal,
  rowsOf,
  rowsUnder,
  type TraceText,
} from './rows.ts'
import { fromTimes, ofSeries } from './timestamps.ts'
import { quoted } from './trace-error.ts'

/**
 * Azure Functions 2021 (Azure/AzurePublicDataset, CC-BY): `app,func,end_timestamp,duration`,
 * seconds. The stamp is the *end* of an invocation, so an arrival is end - duration and the order
 * in the file says nothing. `series` is a `func`.
 */
export function readAzureFunctions2021(input: TraceText): Trace {
  const { rows } = rowsUnder(input, ['app,func,end_timestamp,duration'])
  const times = ofSeries(rows, 1, input.series).map(
    (row) => numberAt(row, 2, 'an end in seconds') - numberAt(row, 3, 'a duration in seconds'),
  )
  return fromTimes(times.sort((a, b) => a - b))
}

const labels = ['HashOwner', 'HashApp', 'HashFunction', 'Trigger']
const minutesMax = 1440

/**
 * Azure Functions 2019 (same publisher): a row per function, its invocations in each minute of a
 * day; the rows are added up. `series` is a `HashFunction`.
 */
export function readAzureFunctions2019(input: TraceText): Trace {
  const accepted = `a header line "${labels.join(',')},1,2,3…" of at most ${minutesMax} minutes`
  const [top, ...rows] = rowsOf(input, accepted)
  const names = must(top).cells
  const minuteCount = names.length - labels.length
  const wrong = names.findIndex((name, i) => name !== (labels[i] ?? String(i - labels.length + 1)))
  if (wrong >= 0 || minuteCount < 1 || minuteCount > minutesMax) {
    const index = Math.max(0, wrong)
    throw refusal(must(top), index, 'trace-header', quoted(must(names[index])), accepted)
  }
  checkSome(input.sourceName, rows)
  for (const row of rows) checkWidth(row, names.length)
  const counts = new Float64Array(minuteCount)
  for (const row of ofSeries(rows, 2, input.series)) {
    for (let minute = 0; minute < minuteCount; minute += 1) {
      counts[minute] = must(counts[minute]) + countAt(row, labels.length + minute)
    }
  }
  return { kind: 'counts', binSeconds: 60, counts }
}

/** A whole number of invocations in that cell. */
function countAt(row: Row, index: number): number {
  const count = numberAt(row, index, 'a whole count of invocations')
  if (Number.isInteger(count)) return count
  const accepted = 'a whole count of invocations, a number >= 0'
  throw refusal(row, index, 'trace-value', quoted(must(row.cells[index])), accepted)
}
