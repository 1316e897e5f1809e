import { must } from '../base/assert.ts'
import type { Trace } from '../core/workload/trace.ts'
import { evenStep } from './even-step.ts'
import {
  checkSome,
  checkWidth,
  isNumber,
  numberAt,
  type Row,
  refusal,
  rowsOf,
  type TraceText,
} from './rows.ts'
import { shortList } from './timestamps.ts'
import { quoted } from './trace-error.ts'

const accepted = 'a header line like "second,requests", then a time and a number per line'

/**
 * Requests counted per second (or in other equal bins): a header, the bin's start in the first
 * column, counts in the others. `series` names the column; it may be left out when there is one.
 */
export function readCounts(input: TraceText): Trace {
  const { rows, index, binSeconds } = readTable(input)
  const counts = Float64Array.from(rows, (row) => {
    const count = numberAt(row, index, 'a whole count of requests')
    if (Number.isInteger(count)) return count
    const found = quoted(must(row.cells[index]))
    throw refusal(row, index, 'trace-value', found, 'a whole count of requests, a number >= 0')
  })
  return { kind: 'counts', binSeconds, counts }
}

/** The same with mean rates, requests per second, instead of counts. */
export function readRates(input: TraceText): Trace {
  const { rows, index, binSeconds } = readTable(input)
  const ratesRps = Float64Array.from(rows, (row) => numberAt(row, index, 'a rate'))
  return { kind: 'rates', binSeconds, ratesRps, gapCv: null }
}

type Table = {
  readonly rows: readonly Row[]
  readonly index: number
  readonly binSeconds: number
}

/**
 * The rows up to the column's end: shorter recordings leave empty cells at the bottom of a table.
 */
function readTable(input: TraceText): Table {
  const [top, ...rows] = rowsOf(input, accepted)
  const header = must(top)
  if (header.cells.length < 2 || header.cells.some((name) => name === '' || isNumber(name))) {
    throw refusal(header, 0, 'trace-header', quoted(header.raw), accepted)
  }
  checkSome(input.sourceName, rows)
  for (const row of rows) checkWidth(row, header.cells.length)
  const index = columnOf(header, input.series)
  const filled = rows.slice(0, rows.findLastIndex((row) => row.cells[index] !== '') + 1)
  if (filled.length === 0) {
    const found = `no value in column ${quoted(must(header.cells[index]))}`
    throw refusal(must(rows[0]), index, 'trace-empty', found, 'at least one')
  }
  const times = filled.map((row) => numberAt(row, 0, 'a time in seconds'))
  return { rows: filled, index, binSeconds: evenStep(filled, times, 1) }
}

function columnOf(header: Row, series: string | null): number {
  const names = header.cells.slice(1)
  if (series === null && names.length === 1) return 1
  const index = series === null ? -1 : names.indexOf(series)
  if (index >= 0) return index + 1
  const found = series === null ? 'several columns and no series' : `no column ${quoted(series)}`
  throw refusal(header, 1, 'trace-series', found, `the series ${shortList(names)}`)
}
