import { assert } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'
import type { ArrivalSource, ArrivalSpec } from '../core/workload/arrival-spec.ts'
import { traceSeconds } from '../core/workload/trace.ts'
import { describeSource } from './describe-source.ts'
import { rateOfPattern, withNoise } from './rate-of-pattern.ts'
import { rateOfTrace, type Stretch } from './rate-of-trace.ts'

type TraceSource = Extract<ArrivalSource, { kind: 'trace' }>
type GeneratedSource = Extract<ArrivalSource, { kind: 'generated' }>
type Drawn = { readonly ratesRps: Float64Array; readonly gapCv: number }

/** Below this, counts are as good as Poisson and nothing is put on the rate. */
const dispersionIgnored = 1.05

/**
 * One tenant's true arrivals for one seed: the same arguments give the same series. The seed shifts
 * the offset into a trace (a generated pattern: the same shift for every tenant, so that phases
 * between them hold) and redraws what is random. The tenant's name separates its draws from
 * others'.
 */
export function drawSeries(spec: ArrivalSpec, tenant: string, seed: number): ArrivalSeries {
  const root = new Rng(seed, 'arrivals')
  const rng = root.split(`tenant/${tenant}`)
  const { source } = spec
  const drawn =
    source.kind === 'trace'
      ? drawTrace(source, spec, rng)
      : drawPattern(source, spec, { shift: root.split('shift').uniform(), rng })
  return {
    ...drawn,
    historySeconds: spec.historySeconds,
    items: spec.items,
    description: describeSource(source),
  }
}

/** Whole seconds of trace that one draw of the spec runs through. */
export function traceSecondsNeeded(source: TraceSource, spec: ArrivalSpec): number {
  return (spec.historySeconds + spec.durationSeconds) * source.timeCompression
}

function drawTrace(source: TraceSource, spec: ArrivalSpec, rng: Rng): Drawn {
  const seconds = traceSecondsNeeded(source, spec)
  const total = traceSeconds(source.trace)
  const slack = total - source.offsetSeconds - seconds
  assert(slack >= 0, `${source.name} holds ${total} s, and ${seconds} s are asked for`)
  assert(Number.isInteger(source.timeCompression), 'Time compression is a whole number')
  const shiftMax = Math.min(slack, source.shiftSecondsMax ?? slack)
  const fromSecond = source.offsetSeconds + rng.split('offset').integer(shiftMax + 1)
  const stretch = { fromSecond, seconds }
  const { amplification, timeCompression } = source
  switch (amplification.kind) {
    case 'none': {
      const rate = rateOfTrace(source.trace, stretch, optionsOf(source, rng))
      const ratesRps = compressed(rate.ratesRps, timeCompression)
      const noisy = withDispersion(ratesRps, rate.dispersion, rng.split('dispersion'))
      return { ratesRps: noisy, gapCv: rate.statedGapCv ?? 1 }
    }
    case 'resample': {
      const rate = rateOfTrace(source.trace, stretch, optionsOf(source, rng))
      const ratesRps = compressed(rate.ratesRps, timeCompression)
      return { ratesRps: ratesRps.map((rps) => rps * amplification.factor), gapCv: 1 }
    }
    case 'superpose':
      return superposed(source, { stretch, copies: amplification.copies, total }, rng)
  }
}

function optionsOf(source: TraceSource, rng: Rng) {
  return { smoothSeconds: source.smoothSeconds, rng: rng.split('clumps') }
}

/**
 * The sum of copies, the first where a single one would lie, the others anywhere in the trace and
 * wrapping round its end. Variances and means of independent copies add up, so the sum keeps the
 * dispersion of one; within a second, the gaps of many merged streams are Poisson's.
 */
function superposed(
  source: TraceSource,
  plan: { readonly stretch: Stretch; readonly copies: number; readonly total: number },
  rng: Rng,
): Drawn {
  const { stretch, copies, total } = plan
  const sum = new Float64Array(stretch.seconds)
  const offsets = rng.split('copies')
  let mean = 0
  let variance = 0
  for (let copy = 0; copy < copies; copy += 1) {
    const fromSecond = copy === 0 ? stretch.fromSecond : offsets.integer(total)
    const rate = rateOfTrace(source.trace, { ...stretch, fromSecond }, optionsOf(source, rng))
    let requests = 0
    for (let i = 0; i < sum.length; i += 1) {
      requests += rate.ratesRps[i] as number
      sum[i] = (sum[i] as number) + (rate.ratesRps[i] as number)
    }
    mean += requests
    variance += requests * (rate.statedGapCv === null ? rate.dispersion : rate.statedGapCv ** 2)
  }
  const ratesRps = compressed(sum, source.timeCompression)
  const dispersion = mean > 0 ? variance / mean : 1
  return { ratesRps: withDispersion(ratesRps, dispersion, rng.split('dispersion')), gapCv: 1 }
}

/** The mean rate over each `factor` seconds of trace, which pass in one second of the run. */
function compressed(ratesRps: Float64Array, factor: number): Float64Array {
  if (factor === 1) return ratesRps
  return Float64Array.from({ length: ratesRps.length / factor }, (_, i) => {
    const part = ratesRps.subarray(i * factor, (i + 1) * factor)
    return part.reduce((sum, rate) => sum + rate, 0) / factor
  })
}

/**
 * Rates such that Poisson counts round them have variance/mean `dispersion` round the given ones: a
 * Gamma mixture, which makes the counts negative binomial.
 */
function withDispersion(ratesRps: Float64Array, dispersion: number, rng: Rng): Float64Array {
  if (dispersion < dispersionIgnored) return ratesRps
  const scale = dispersion - 1
  return ratesRps.map((rate) => (rate > 0 ? scale * rng.gamma(rate / scale) : 0))
}

function drawPattern(
  source: GeneratedSource,
  spec: ArrivalSpec,
  chance: { readonly shift: number; readonly rng: Rng },
): Drawn {
  const shiftSeconds = chance.shift * source.shiftSecondsMax
  const stretch = {
    fromSeconds: shiftSeconds - spec.historySeconds,
    seconds: spec.historySeconds + spec.durationSeconds,
  }
  const rates = rateOfPattern(source.pattern, stretch, chance.rng.split('pattern'))
  const { noise, gapCv } = source
  if (noise === null || noise.relative <= 0) return { ratesRps: rates, gapCv }
  return { ratesRps: withNoise(rates, noise, chance.rng.split('noise')), gapCv }
}
