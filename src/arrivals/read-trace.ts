import type { Trace } from '../core/workload/trace.ts'
import { readAzureFunctions2019, readAzureFunctions2021 } from './read-azure-functions.ts'
import { readAzureLlm } from './read-azure-llm.ts'
import { readBurstGpt } from './read-burstgpt.ts'
import { readCounts, readRates } from './read-columns.ts'
import { readMooncake } from './read-mooncake.ts'
import { readServeGen } from './read-servegen.ts'
import { readTimestamps } from './read-timestamps.ts'
import type { TraceText } from './rows.ts'
import { quoted, TraceError } from './trace-error.ts'

/** Every format by the name that site files use. A new one is one file and one line. */
const readers = {
  'azure-llm': readAzureLlm,
  'azure-functions-2019': readAzureFunctions2019,
  'azure-functions-2021': readAzureFunctions2021,
  mooncake: readMooncake,
  burstgpt: readBurstGpt,
  servegen: readServeGen,
  timestamps: readTimestamps,
  counts: readCounts,
  rates: readRates,
} as const satisfies Record<string, (input: TraceText) => Trace>

export type TraceFormat = keyof typeof readers

export const traceFormats = Object.keys(readers) as readonly TraceFormat[]

/** Formats whose files can hold several series. */
const withSeries: readonly TraceFormat[] = [
  'azure-functions-2019',
  'azure-functions-2021',
  'burstgpt',
  'counts',
  'rates',
]

/**
 * The recorded load in a file's text. Throws TraceError, and nothing else, for text it cannot use.
 */
export function readTrace(format: TraceFormat, input: TraceText): Trace {
  if (input.series !== null && !withSeries.includes(format)) {
    const at = { file: input.sourceName, line: 1, column: 1 }
    const found = `a choice of series ${quoted(input.series)}`
    throw new TraceError('trace-series', at, found, `none, as ${format} holds one series`)
  }
  return readers[format](input)
}
