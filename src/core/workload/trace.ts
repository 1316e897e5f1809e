/**
 * A recorded load, read from a file and not yet turned into a tenant's arrivals. Times count from
 * the first request or the first bin.
 *
 * - `timestamps`: one entry per request, seconds, ascending. Stamps that the recorder rounded to a
 *   grid of `clumpSeconds` (0 = it did not) are spread over the grid step before they are counted.
 * - `counts`: requests in consecutive bins of `binSeconds`.
 * - `rates`: mean rate in consecutive bins; `gapCv` holds each bin's coefficient of variation of
 *   the gaps between requests where the source gives one (NaN where it does not).
 */
export type Trace =
  | {
      readonly kind: 'timestamps'
      readonly seconds: Float64Array
      readonly clumpSeconds: number
    }
  | { readonly kind: 'counts'; readonly binSeconds: number; readonly counts: Float64Array }
  | {
      readonly kind: 'rates'
      readonly binSeconds: number
      readonly ratesRps: Float64Array
      readonly gapCv: Float64Array | null
    }

/** Whole seconds that the recording covers. */
export function traceSeconds(trace: Trace): number {
  switch (trace.kind) {
    case 'timestamps':
      return Math.floor(trace.seconds.at(-1) ?? -1) + 1
    case 'counts':
      return Math.floor(trace.counts.length * trace.binSeconds)
    case 'rates':
      return Math.floor(trace.ratesRps.length * trace.binSeconds)
  }
}
