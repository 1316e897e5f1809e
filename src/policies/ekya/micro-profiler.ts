import { assert, must } from '../../base/assert.ts'

/** Accuracy after some training, as a short trial measured it. */
export type TrialPoint = {
  /** Passes over the trial's own data. */
  readonly epochs: number
  readonly accuracy: number
}

/** What a trial on part of the data says about the whole training. */
export type TrialOutcome = {
  readonly accuracyAfter: number
  readonly seconds: number
}

/**
 * Ekya's micro-profiler: a configuration is tried for a few epochs on a uniform sample of the
 * window's data, a saturating curve is fitted, and both accuracy and time are extrapolated to all
 * data and epochs. Progress counts samples processed: `sampleShare` epochs of the trial for each
 * epoch on the whole data.
 */
export function extrapolateTrial(trial: {
  readonly points: readonly TrialPoint[]
  /** Share of the window's data that the trial used, in (0, 1]. */
  readonly sampleShare: number
  readonly secondsPerTrialEpoch: number
  /** Of the whole training. */
  readonly epochs: number
}): TrialOutcome {
  const { points, sampleShare, secondsPerTrialEpoch, epochs } = trial
  assert(sampleShare > 0 && sampleShare <= 1, `A sample is a part of the data, not ${sampleShare}`)
  const worked = points.map((point) => ({ ...point, epochs: point.epochs * sampleShare }))
  const curve = fitSaturatingCurve(worked)
  return {
    accuracyAfter: accuracyOn(curve, epochs),
    seconds: (secondsPerTrialEpoch / sampleShare) * epochs,
  }
}

/** accuracy(e) = 1 - loss - 1 / (slope e + offset), all three not negative. */
export type SaturatingCurve = {
  readonly slope: number
  readonly offset: number
  /** What is left wrong however long it trains. */
  readonly loss: number
}

export function accuracyOn({ slope, offset, loss }: SaturatingCurve, epochs: number): number {
  return 1 - loss - 1 / (slope * epochs + offset)
}

/** How many final losses are tried. */
const losses = 200

/**
 * The curve that fits measured accuracies best. For each final loss on a grid the rest is linear in
 * 1 / (1 - accuracy - loss) and is found by least squares with no coefficient negative (as in
 * Optimus, EuroSys 2018, which Ekya cites for it); of these the least error in accuracy is taken.
 */
export function fitSaturatingCurve(points: readonly TrialPoint[]): SaturatingCurve {
  assert(points.length > 0, 'A curve is fitted to one point at least')
  assert(
    points.every(({ accuracy }) => accuracy < 1),
    'A curve that approaches 1 never reaches it',
  )
  const lossMax = Math.min(...points.map(({ accuracy }) => 1 - accuracy))
  let best: { readonly curve: SaturatingCurve; readonly error: number } | null = null
  for (let i = 0; i < losses; i += 1) {
    const loss = (lossMax * i) / losses
    const curve = { ...fitLine(points, loss), loss }
    const error = points.reduce((sum, point) => {
      return sum + (accuracyOn(curve, point.epochs) - point.accuracy) ** 2
    }, 0)
    if (best === null || error < best.error) best = { curve, error }
  }
  return must(best).curve
}

/** Least squares of 1 / (1 - accuracy - loss) over epochs, slope and offset not negative. */
function fitLine(
  points: readonly TrialPoint[],
  loss: number,
): Pick<SaturatingCurve, 'slope' | 'offset'> {
  const n = points.length
  const xs = points.map(({ epochs }) => epochs)
  const ys = points.map(({ accuracy }) => 1 / (1 - accuracy - loss))
  const meanX = sumOf(xs) / n
  const meanY = sumOf(ys) / n
  const spread = sumOf(xs.map((x) => (x - meanX) ** 2))
  const together = sumOf(xs.map((x, i) => (x - meanX) * (must(ys[i]) - meanY)))
  const slope = spread > 0 ? together / spread : 0
  const offset = meanY - slope * meanX
  if (slope < 0 || spread === 0) return { slope: 0, offset: meanY }
  if (offset >= 0) return { slope, offset }
  const squares = sumOf(xs.map((x) => x * x))
  return { slope: sumOf(xs.map((x, i) => x * must(ys[i]))) / squares, offset: 0 }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** Share of the configurations that is dropped each time, and how often. */
const droppedShare = 0.25
const windowsBetweenDrops = 2

/**
 * How many of `count` configurations are still tried in a window: all in the first, and every
 * other window a quarter of them less; never fewer than one. The share is ours, Ekya gives none.
 */
export function configurationsTried(count: number, windowIndex: number): number {
  const drops = Math.floor(windowIndex / windowsBetweenDrops)
  return Math.max(1, Math.ceil(count * (1 - droppedShare) ** drops))
}
