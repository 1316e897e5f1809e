import { must } from '../base/assert.ts'

/**
 * Have arrivals left their forecast? A two-sided cumulative-sum test (Page 1954) on counts per
 * second, standardised by the forecast's mean and dispersion. Leaving a 10-90 % band would be no
 * signal: bursty arrivals do that in one second out of six.
 */
export type DeviationSums = { readonly above: number; readonly below: number }

export const noDeviation: DeviationSums = { above: 0, below: 0 }

/** Forgiven in every second, in standard deviations: half the smallest shift worth noticing. */
const referenceSigma = 0.5

/** The sums after one more second, in which `count` requests came where `meanRps` were expected. */
export function addSecond(
  sums: DeviationSums,
  count: number,
  forecast: { readonly meanRps: number; readonly dispersion: number },
): DeviationSums {
  const { meanRps, dispersion } = forecast
  const sigma = Math.sqrt(Math.max(1, meanRps) * Math.max(1, dispersion))
  const residual = (count - meanRps) / sigma
  return {
    above: Math.max(0, sums.above + residual - referenceSigma),
    below: Math.max(0, sums.below - residual - referenceSigma),
  }
}

export function exceeds(sums: DeviationSums, threshold: number): boolean {
  return sums.above > threshold || sums.below > threshold
}

export type ForecastedWindow = {
  readonly expectedRps: ArrayLike<number>
  readonly counts: ArrayLike<number>
}

/**
 * The threshold of one tenant: at most one false alarm in ten windows on the back-test, and in
 * theory. Siegmund's approximation of the run length without a change, (e^b - b - 1) / 2k^2 with
 * b = 2k(h + 1.166), is about 2 e^(h + 1.166) at k = 1/2, halved for the two sides; it is to be ten
 * windows of all `tenantCount` tests together. Where forecasts err for longer than a second, what
 * the back-test's windows reached counts, the worst of each ten left out.
 */
export function deviationThreshold(
  windows: readonly ForecastedWindow[],
  settings: {
    readonly dispersion: number
    readonly windowSeconds: number
    readonly tenantCount: number
  },
): number {
  const { dispersion, windowSeconds, tenantCount } = settings
  const inTheory = Math.log(10 * windowSeconds * tenantCount) - 1.166
  const reached = windows.map((window) => largestSum(window, dispersion)).sort((a, b) => b - a)
  const allowed = Math.floor(reached.length / 10)
  return Math.max(inTheory, reached[allowed] ?? 0)
}

function largestSum({ expectedRps, counts }: ForecastedWindow, dispersion: number): number {
  let sums = noDeviation
  let largest = 0
  for (let i = 0; i < counts.length; i += 1) {
    sums = addSecond(sums, must(counts[i]), { meanRps: must(expectedRps[i]), dispersion })
    largest = Math.max(largest, sums.above, sums.below)
  }
  return largest
}
