import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import { dispersionRoundSmooth, smoothCounts } from '../core/workload/count-statistics.ts'
import { type Trace, traceSeconds } from '../core/workload/trace.ts'

/** A stretch of a trace, in whole seconds of it; seconds past the end wrap round to its start. */
export type Stretch = { readonly fromSecond: number; readonly seconds: number }

export type StretchRate = {
  readonly ratesRps: Float64Array
  /** Variance over mean of the counts round the rate; 1 = Poisson, and where it cannot be known. */
  readonly dispersion: number
  /** Coefficient of variation of the gaps that the source states, weighted by requests; or null. */
  readonly statedGapCv: number | null
}

/**
 * The mean rate of a trace in each second of a stretch. Counts per second are smoothed with a
 * triangular kernel of half-width `smoothSeconds`, so that their own Poisson noise is not taken for
 * the rate; coarser bins are joined by straight lines between their middles. `rng` spreads stamps
 * that the recorder put on a grid.
 */
export function rateOfTrace(
  trace: Trace,
  stretch: Stretch,
  options: { readonly smoothSeconds: number; readonly rng: Rng },
): StretchRate {
  switch (trace.kind) {
    case 'timestamps':
      return smoothed(trace, stretch, options)
    case 'counts':
      if (trace.binSeconds === 1) return smoothed(trace, stretch, options)
      return joined(trace, stretch, (bin) => (trace.counts[bin] as number) / trace.binSeconds)
    case 'rates':
      return joined(trace, stretch, (bin) => trace.ratesRps[bin] as number)
  }
}

function smoothed(
  trace: Trace & { kind: 'timestamps' | 'counts' },
  stretch: Stretch,
  { smoothSeconds, rng }: { readonly smoothSeconds: number; readonly rng: Rng },
): StretchRate {
  const total = traceSeconds(trace)
  const reach = Math.min(Math.max(1, Math.round(smoothSeconds)), total) - 1
  const wraps = stretch.fromSecond + stretch.seconds > total
  const before = wraps ? reach : Math.min(reach, stretch.fromSecond)
  const after = wraps ? reach : Math.min(reach, total - stretch.fromSecond - stretch.seconds)
  const wide = {
    fromSecond: stretch.fromSecond - before,
    seconds: before + stretch.seconds + after,
  }
  const counts = countsIn(trace, wide, rng)
  const inside = { from: before, until: before + stretch.seconds }
  const ratesRps = smoothCounts(counts, reach, inside)
  const middle = counts.subarray(inside.from, inside.until)
  return { ratesRps, dispersion: dispersionRoundSmooth(middle, ratesRps, reach), statedGapCv: null }
}

/** Requests in each second of the stretch, modulo the trace's length. */
function countsIn(
  trace: Trace & { kind: 'timestamps' | 'counts' },
  stretch: Stretch,
  rng: Rng,
): Float64Array {
  const total = traceSeconds(trace)
  const counts = new Float64Array(stretch.seconds)
  const start = ((stretch.fromSecond % total) + total) % total
  if (trace.kind === 'counts') {
    for (let i = 0; i < counts.length; i += 1) {
      counts[i] = trace.counts[(start + i) % total] as number
    }
    return counts
  }
  for (const stamp of trace.seconds) {
    const time = trace.clumpSeconds > 0 ? stamp + rng.uniform() * trace.clumpSeconds : stamp
    const second = (((Math.floor(time) - start) % total) + total) % total
    for (let i = second; i < counts.length; i += total) counts[i] = (counts[i] as number) + 1
  }
  return counts
}

function joined(
  trace: Trace & { kind: 'counts' | 'rates' },
  stretch: Stretch,
  rateOfBin: (bin: number) => number,
): StretchRate {
  const { binSeconds } = trace
  const binCount = trace.kind === 'counts' ? trace.counts.length : trace.ratesRps.length
  const total = traceSeconds(trace)
  const gapCv = trace.kind === 'rates' ? trace.gapCv : null
  const ratesRps = new Float64Array(stretch.seconds)
  let weight = 0
  let weighted = 0
  for (let i = 0; i < stretch.seconds; i += 1) {
    const middle = ((stretch.fromSecond + i) % total) + 0.5
    const x = Math.min(binCount - 1, Math.max(0, middle / binSeconds - 0.5))
    const low = Math.floor(x)
    const high = Math.min(binCount - 1, low + 1)
    const rate = rateOfBin(low) * (1 - (x - low)) + rateOfBin(high) * (x - low)
    ratesRps[i] = rate
    const cv = gapCv === null ? Number.NaN : must(gapCv[Math.min(binCount - 1, Math.round(x))])
    if (Number.isFinite(cv)) {
      weight += rate
      weighted += rate * cv
    }
  }
  return { ratesRps, dispersion: 1, statedGapCv: weight > 0 ? weighted / weight : null }
}
