import { must } from '../../base/assert.ts'
import { type Allocation, isBetter, type Merit } from './steal-shares.ts'

/** One stream as Ekya sees it: a deployed model, and ways to retrain it. */
export type EkyaStream = {
  /** Of the deployed model on the data of this window, in [0, 1]. */
  readonly accuracy: number
  /** f: the share of its accuracy that is left when inference has that many quanta. */
  readonly keptShare: (quanta: number) => number
  readonly configurations: readonly EkyaConfiguration[]
  /** Indices of its jobs in an allocation; null = it cannot retrain. */
  readonly inferenceJob: number
  readonly retrainingJob: number | null
}

export type EkyaConfiguration = {
  readonly accuracyAfter: number
  /** How long it takes with that many quanta; null where it cannot run. */
  readonly secondsOn: (quanta: number) => number | null
}

export type EkyaWindow = {
  /** What is left of the window once labels are there. */
  readonly remainingSeconds: number
  /** a_MIN: no stream is to fall below it; 0 = none. */
  readonly accuracyMin: number
}

export type PickedConfigurations = Merit & {
  /** By stream: index of its configuration, or null: it does not retrain. */
  readonly configurations: readonly (number | null)[]
}

/**
 * Ekya's Algorithm 2: for each stream the configuration with the best accuracy, averaged over the
 * window, that these shares allow; doing none is one of them. A configuration that does not finish
 * in the window is none. Once it has finished, its share is taken to go to the stream's own
 * inference.
 */
export function pickConfigurations(
  streams: readonly EkyaStream[],
  allocation: Allocation,
  window: EkyaWindow,
): PickedConfigurations {
  const picked = streams.map((stream) => pickOne(stream, allocation, window))
  return {
    configurations: picked.map(({ configuration }) => configuration),
    shortfall: picked.reduce((sum, own) => sum + own.shortfall, 0),
    accuracy: picked.reduce((sum, own) => sum + own.accuracy, 0) / Math.max(1, picked.length),
  }
}

type Picked = Merit & { readonly configuration: number | null }

function pickOne(stream: EkyaStream, allocation: Allocation, window: EkyaWindow): Picked {
  const inference = must(allocation[stream.inferenceJob])
  const retraining = stream.retrainingJob === null ? 0 : must(allocation[stream.retrainingJob])
  const during = stream.accuracy * stream.keptShare(inference)
  let best: Picked = { configuration: null, ...meritOf(during, during, 1, window) }
  if (retraining === 0) return best
  const kept = stream.keptShare(inference + retraining)
  for (const [configuration, { accuracyAfter, secondsOn }] of stream.configurations.entries()) {
    const seconds = secondsOn(retraining)
    if (seconds === null || seconds > window.remainingSeconds) continue
    const share = seconds / window.remainingSeconds
    const merit = meritOf(during, accuracyAfter * kept, share, window)
    if (isBetter(merit, best)) best = { configuration, ...merit }
  }
  return best
}

/** `share` of the window with accuracy `during`, the rest with `after`. */
function meritOf(during: number, after: number, share: number, { accuracyMin }: EkyaWindow): Merit {
  const lowest = share < 1 ? Math.min(during, after) : during
  return {
    shortfall: Math.max(0, accuracyMin - lowest),
    accuracy: share * during + (1 - share) * after,
  }
}
