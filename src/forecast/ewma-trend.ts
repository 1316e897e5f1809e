import { must } from '../base/assert.ts'
import { binnedRates, type Forecaster, meanOf } from './arrival-history.ts'
import { lastWindow } from './last-window.ts'

type Smoothing = { readonly level: number; readonly trend: number; readonly damping: number }
type State = { readonly level: number; readonly trend: number }

const binSecondsMax = 10
const binCountMin = 8

const smoothings: readonly Smoothing[] = [0.05, 0.1, 0.2, 0.4, 0.7].flatMap((level) => [
  { level, trend: 0, damping: 1 },
  ...[0.05, 0.1, 0.3].flatMap((trend) => [0.8, 0.95].map((damping) => ({ level, trend, damping }))),
])

/**
 * Exponential smoothing with a damped additive trend (Holt 1957; Gardner and McKenzie 1985) on bins
 * of up to 10 s. Its three constants are those of a grid that would have forecast the history's
 * means over one horizon best. Never below zero.
 */
export const ewmaTrend: Forecaster = (history, horizonSeconds, windowSeconds) => {
  const binSeconds = Math.max(1, Math.min(binSecondsMax, Math.floor(history.length / 20)))
  const bins = binnedRates(history, binSeconds)
  if (bins.length < binCountMin) return lastWindow(history, horizonSeconds, windowSeconds)
  const ahead = Math.max(1, Math.round(Math.min(horizonSeconds, history.length / 2) / binSeconds))
  const chosen = smoothings.reduce(
    (best, smoothing) => {
      const error = errorOf(bins, smoothing, ahead)
      return error < best.error ? { error, smoothing } : best
    },
    { error: Number.POSITIVE_INFINITY, smoothing: must(smoothings[0]) },
  ).smoothing
  const state = bins.reduce((now: State, rate) => after(now, rate, chosen), firstState(bins))
  const ratesRps = Float64Array.from({ length: horizonSeconds }, (_, second) => {
    const steps = (second + 0.5) / binSeconds + 0.5
    return Math.max(0, state.level + state.trend * dampedSteps(chosen.damping, steps))
  })
  return { method: 'ewma-trend', ratesRps }
}

/** phi + phi^2 + … for that many steps, which need not be whole. */
function dampedSteps(damping: number, steps: number): number {
  return damping === 1 ? steps : (damping * (1 - damping ** steps)) / (1 - damping)
}

/** The state after one more bin. */
function after({ level, trend }: State, rate: number, smoothing: Smoothing): State {
  const expected = level + smoothing.damping * trend
  const next = smoothing.level * rate + (1 - smoothing.level) * expected
  const slope = smoothing.trend * (next - level) + (1 - smoothing.trend) * smoothing.damping * trend
  return { level: next, trend: slope }
}

/**
 * Sum of squared errors of the mean over the next `ahead` bins, from each bin with that many left.
 */
function errorOf(bins: Float64Array, smoothing: Smoothing, ahead: number): number {
  let stepsMean = 0
  for (let step = 1; step <= ahead; step += 1) {
    stepsMean += dampedSteps(smoothing.damping, step) / ahead
  }
  let state = firstState(bins)
  let sum = meanOf(bins, 1, ahead + 1) * ahead
  let error = 0
  for (let origin = 0; origin + ahead < bins.length; origin += 1) {
    state = after(state, bins[origin] as number, smoothing)
    const forecast = Math.max(0, state.level + state.trend * stepsMean)
    // The first bins only warm the state up: it starts at one noisy bin.
    if (origin >= bins.length / 10) error += (sum / ahead - forecast) ** 2
    sum += (bins[origin + ahead + 1] ?? 0) - (bins[origin + 1] as number)
  }
  return error
}

function firstState(bins: Float64Array): State {
  return { level: must(bins[0]), trend: 0 }
}
