import { assert, must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { RateNoise, RatePattern } from '../core/workload/arrival-spec.ts'

/**
 * The mean rate in each of `seconds` seconds from `fromSeconds` on (a time of the run, negative in
 * the history), each taken at the second's middle. Only `on-off` and noise draw from `rng`.
 */
export function rateOfPattern(
  pattern: RatePattern,
  { fromSeconds, seconds }: { readonly fromSeconds: number; readonly seconds: number },
  rng: Rng,
): Float64Array {
  if (pattern.kind === 'on-off') return onOff(pattern, seconds, rng)
  return Float64Array.from({ length: seconds }, (_, i) => rateAt(pattern, fromSeconds + i + 0.5))
}

function rateAt(pattern: Exclude<RatePattern, { kind: 'on-off' }>, t: number): number {
  switch (pattern.kind) {
    case 'constant':
      return pattern.rps
    case 'sine': {
      const turn = 2 * Math.PI * (t / pattern.periodSeconds + pattern.phase)
      return Math.max(0, pattern.meanRps * (1 + pattern.amplitude * Math.sin(turn)))
    }
    case 'diurnal': {
      const turn = (2 * Math.PI * (t - pattern.peakSeconds)) / pattern.periodSeconds
      const height = ((1 + Math.cos(turn)) / 2) ** pattern.sharpness
      return pattern.lowRps + (pattern.highRps - pattern.lowRps) * height
    }
    case 'ramp': {
      const length = pattern.endSeconds - pattern.startSeconds
      const done = length > 0 ? (t - pattern.startSeconds) / length : t < pattern.endSeconds ? 0 : 1
      const share = Math.min(1, Math.max(0, done))
      return pattern.fromRps * (1 - share) + pattern.toRps * share
    }
    case 'steps': {
      const begun = pattern.steps.findLast((step) => step.atSeconds <= t)
      return (begun ?? must(pattern.steps[0], 'A steps pattern has a step')).rps
    }
  }
}

/** Starts in the state it would be in after a long time; a second's rate is its mean over both. */
function onOff(
  pattern: Extract<RatePattern, { kind: 'on-off' }>,
  seconds: number,
  rng: Rng,
): Float64Array {
  const { onSeconds, offSeconds } = pattern
  assert(onSeconds > 0 && offSeconds > 0, 'On and off times are positive')
  const rates = new Float64Array(seconds)
  let isOn = rng.uniform() < onSeconds / (onSeconds + offSeconds)
  let left = rng.exponential() * (isOn ? onSeconds : offSeconds)
  for (let i = 0; i < seconds; i += 1) {
    let room = 1
    while (left < room) {
      rates[i] = (rates[i] as number) + left * (isOn ? pattern.onRps : pattern.offRps)
      room -= left
      isOn = !isOn
      left = rng.exponential() * (isOn ? onSeconds : offSeconds)
    }
    rates[i] = (rates[i] as number) + room * (isOn ? pattern.onRps : pattern.offRps)
    left -= room
  }
  return rates
}

/**
 * The rates times exp(x), where x is a stationary first-order autoregressive Gaussian process whose
 * correlation falls to 1/e in `correlationSeconds`, scaled so that the factor has mean 1.
 */
export function withNoise(rates: Float64Array, noise: RateNoise, rng: Rng): Float64Array {
  const sigma = Math.sqrt(Math.log1p(noise.relative ** 2))
  const keep = Math.exp(-1 / noise.correlationSeconds)
  const fresh = Math.sqrt(1 - keep * keep)
  let x = rng.normal()
  return rates.map((rate) => {
    const factor = Math.exp(sigma * x - (sigma * sigma) / 2)
    x = keep * x + fresh * rng.normal()
    return rate * factor
  })
}
