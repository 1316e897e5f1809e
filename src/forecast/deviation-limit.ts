import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { BackTest } from './back-test.ts'
import { stepsOf } from './deviation.ts'

export type DeviationCalibration = {
  readonly relativeChangeMin: number
  /** Seconds that the test watches before it starts anew. */
  readonly windowSeconds: number
  /** Of the windows that go as forecast; one in ten is the most a user should be bothered with. */
  readonly falseAlarmShare: number
}

const replicas = 400
/** Errors of a forecast last: residuals are redrawn in runs of this share of a window. */
const blockShare = 0.1
/** By trial on Poisson and Gamma-mixed loads of 1 to 1000/s: with it 0 to 10 % of windows alarm. */
const marginOfOneWindow = 0.25
/** The usual choice for shifts of one deviation; less would only count noise. */
const limitMin = 4

/**
 * The limit that the cumulative sums of at most `falseAlarmShare` of windows reach while arrivals
 * do what the back-test's did: the quantile over windows put together from its residuals (a block
 * bootstrap), and at least that of its real windows. Without a back-test: of independent normal
 * ones.
 */
export function deviationLimit(
  test: BackTest | null,
  calibration: DeviationCalibration,
  rng: Rng,
): number {
  const steps =
    test === null ? [] : test.windows.map((window) => stepsIn(window, test, calibration))
  const seconds = Math.max(1, Math.ceil(calibration.windowSeconds))
  const heights = Array.from({ length: replicas }, () =>
    heightOf(steps.length > 0 ? redrawn(steps, seconds, rng) : normal(seconds, rng)),
  )
  const share = 1 - calibration.falseAlarmShare
  const redrawnLimit = quantile(heights, 1 - calibration.falseAlarmShare / 2)
  const margin = steps.length > 0 ? 1 + marginOfOneWindow / Math.sqrt(steps.length) : 1
  return Math.max(limitMin, margin * redrawnLimit, quantile(steps.map(heightOf), share))
}

type Steps = readonly { readonly above: number; readonly below: number }[]

function stepsIn(
  window: BackTest['windows'][number],
  { dispersion }: BackTest,
  { relativeChangeMin }: DeviationCalibration,
): Steps {
  return Array.from(window.counts, (observed, i) =>
    stepsOf({ expected: must(window.expectedRps[i]), observed, dispersion }, relativeChangeMin),
  )
}

/** Highest value that either sum reaches. */
function heightOf(steps: Steps): number {
  let above = 0
  let below = 0
  let height = 0
  for (const step of steps) {
    above = Math.max(0, above + step.above)
    below = Math.max(0, below + step.below)
    height = Math.max(height, above, below)
  }
  return height
}

function redrawn(windows: readonly Steps[], seconds: number, rng: Rng): Steps {
  const block = Math.max(1, Math.round(seconds * blockShare))
  const steps: Steps[number][] = []
  while (steps.length < seconds) {
    const window = must(windows[rng.integer(windows.length)])
    const from = rng.integer(Math.max(1, window.length - block + 1))
    steps.push(...window.slice(from, from + Math.min(block, seconds - steps.length)))
  }
  return steps
}

function normal(seconds: number, rng: Rng): Steps {
  return Array.from({ length: seconds }, () => {
    const observed = 100 + 10 * rng.normal()
    return stepsOf({ expected: 100, observed, dispersion: 1 }, 0)
  })
}

/** The least value that at least `share` of the values do not exceed; 0 of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const rank = Math.min(sorted.length, Math.ceil(share * (sorted.length + 1)))
  return sorted[rank - 1] ?? 0
}
