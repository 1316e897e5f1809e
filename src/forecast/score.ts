import { must } from '../base/assert.ts'
import type { ArrivalForecast } from '../core/forecast.ts'

/** How an arrival forecast did, once its slots are past. */
export type ArrivalScore = {
  /** Mean absolute error of the slots' means over the mean rate; null when nothing arrived. */
  readonly error: number | null
  /** Forecast total over arrived total, less 1; null when nothing arrived. */
  readonly bias: number | null
}

/** `arrivedPerSlot`: requests in each of the forecast's first slots. */
export function scoreArrivals(
  forecast: ArrivalForecast,
  arrivedPerSlot: readonly number[],
  slotSeconds: number,
): ArrivalScore {
  let error = 0
  let expected = 0
  let arrived = 0
  for (const [slot, count] of arrivedPerSlot.entries()) {
    const mean = must(forecast.meanRps[slot]) * slotSeconds
    error += Math.abs(mean - count)
    expected += mean
    arrived += count
  }
  if (arrived === 0) return { error: null, bias: null }
  return { error: error / arrived, bias: expected / arrived - 1 }
}

/** What was forecast of a retraining when it was decided, and what it came to. */
export type RetrainingOutcome = {
  readonly expectedAccuracy: number
  readonly uncertainty: number
  readonly accuracy: number
  readonly expectedSeconds: number
  readonly seconds: number
}

/** How retraining forecasts did: means over outcomes, of which there is at least one. */
export type RetrainingScore = {
  readonly accuracyError: number
  readonly accuracyBias: number
  /** Share of outcomes within the interval; about 0.9 when the intervals are right. */
  readonly coverage: number
  /** Mean absolute error of seconds over seconds. */
  readonly secondsError: number
}

/** Null without outcomes. */
export function scoreRetraining(outcomes: readonly RetrainingOutcome[]): RetrainingScore | null {
  if (outcomes.length === 0) return null
  const mean = (of: (outcome: RetrainingOutcome) => number): number =>
    outcomes.reduce((sum, outcome) => sum + of(outcome), 0) / outcomes.length
  const miss = (outcome: RetrainingOutcome): number => outcome.expectedAccuracy - outcome.accuracy
  return {
    accuracyError: mean((outcome) => Math.abs(miss(outcome))),
    accuracyBias: mean(miss),
    coverage: mean((outcome) => (Math.abs(miss(outcome)) <= outcome.uncertainty ? 1 : 0)),
    secondsError: mean(({ expectedSeconds, seconds }) => Math.abs(expectedSeconds / seconds - 1)),
  }
}
