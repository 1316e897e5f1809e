import { growTree, predict, type Sample } from './regression-tree.ts'

/** A measured execution: a batch on an instance of some size. */
export type Execution = {
  readonly size: number
  readonly items: number
  readonly seconds: number
}

/** What a stage is expected to do on an instance of some size. */
export type StagePredictor = {
  /** Best throughput over the batches known at that size or the next smaller, items per second. */
  readonly throughput: (size: number) => number
  /** How long such a batch takes. */
  readonly durationSeconds: (size: number) => number
}

/** One: with tens of samples the tree may tell every size and batch apart. */
const samplesMin = 1

/**
 * Astraea's predictor: a regression tree for the duration of a batch by the size of the instance
 * and the batch, in logarithms, because durations span orders of magnitude. Reconstructed.
 */
export function trainPredictor(executions: readonly Execution[]): StagePredictor {
  const samples = executions.map(
    ({ size, items, seconds }): Sample => ({
      features: [Math.log(size), Math.log(items)],
      value: Math.log(seconds),
    }),
  )
  const tree = growTree(samples, samplesMin)
  const secondsOf = (size: number, items: number) =>
    Math.exp(predict(tree, [Math.log(size), Math.log(items)]))
  const sizes = [...new Set(executions.map(({ size }) => size))].sort((a, b) => a - b)
  const bestOn = (size: number): Execution | null => {
    const known = sizes.findLast((own) => own <= size)
    let best: Execution | null = null
    for (const { items } of executions.filter((own) => own.size === known)) {
      const seconds = secondsOf(size, items)
      if (best === null || items / seconds > best.items / best.seconds) {
        best = { size, items, seconds }
      }
    }
    return best
  }
  return {
    throughput: (size) => {
      const best = bestOn(size)
      return best === null ? 0 : best.items / best.seconds
    },
    durationSeconds: (size) => bestOn(size)?.seconds ?? Infinity,
  }
}
