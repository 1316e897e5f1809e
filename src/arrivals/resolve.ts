import { assert } from '../base/assert.ts'
import type { ArrivalSource, ArrivalSpec } from '../core/workload/arrival-spec.ts'
import { traceSeconds } from '../core/workload/trace.ts'
import { traceSecondsNeeded } from './draw-series.ts'
import { readTrace, type TraceFormat } from './read-trace.ts'
import { linesOf, type TraceText } from './rows.ts'
import { TraceError } from './trace-error.ts'

/**
 * Half-width of the smoothing kernel where a site gives none: 30 s of a few requests/s leave 6 %.
 */
export const smoothSecondsDefault = 30

type TraceSource = Extract<ArrivalSource, { kind: 'trace' }>
type GeneratedSource = Extract<ArrivalSource, { kind: 'generated' }>
type Timing = Pick<ArrivalSpec, 'items' | 'historySeconds' | 'durationSeconds'>

/**
 * The spec of a tenant whose arrivals come from a file's text. Throws TraceError for text that is
 * not in that format, for a series it does not hold, and when it is too short for history and run.
 */
export function arrivalsFromTrace(
  input: TraceText & Timing & Omit<TraceSource, 'kind' | 'trace'> & { format: TraceFormat },
): ArrivalSpec {
  const { text, sourceName, series, format } = input
  const { items, historySeconds, durationSeconds, ...rest } = input
  const source: TraceSource = {
    kind: 'trace',
    name: rest.name,
    trace: readTrace(format, { text, sourceName, series }),
    offsetSeconds: rest.offsetSeconds,
    shiftSecondsMax: rest.shiftSecondsMax,
    smoothSeconds: rest.smoothSeconds,
    timeCompression: rest.timeCompression,
    amplification: rest.amplification,
  }
  const spec = { source, items, historySeconds, durationSeconds }
  checkTiming(spec)
  checkLength(spec, source, { text, sourceName, series })
  return spec
}

/** The spec of a tenant whose arrivals are generated. */
export function arrivalsFromPattern(input: Timing & Omit<GeneratedSource, 'kind'>): ArrivalSpec {
  const { items, historySeconds, durationSeconds, ...source } = input
  const spec: ArrivalSpec = {
    source: { kind: 'generated', ...source },
    items,
    historySeconds,
    durationSeconds,
  }
  checkTiming(spec)
  return spec
}

function checkTiming({ historySeconds, durationSeconds }: Timing): void {
  const isWhole = Number.isInteger(historySeconds) && Number.isInteger(durationSeconds)
  assert(isWhole && historySeconds >= 0 && durationSeconds >= 0, 'Whole seconds are asked for')
}

function checkLength(spec: ArrivalSpec, source: TraceSource, input: TraceText): void {
  const total = traceSeconds(source.trace)
  const wanted = source.offsetSeconds + traceSecondsNeeded(source, spec)
  if (total >= wanted) return
  const at = {
    file: input.sourceName,
    line: linesOf(input, '').length,
    column: 1,
  }
  const accepted =
    `at least ${wanted} s (offset ${source.offsetSeconds}, history ${spec.historySeconds}, ` +
    `run ${spec.durationSeconds}, time compression ${source.timeCompression})`
  throw new TraceError('trace-too-short', at, `a trace that ends after ${total} s`, accepted)
}
