import { describe, expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { fairShares } from './fair-shares.ts'
import { type EkyaStream, pickConfigurations } from './pick-configurations.ts'
import { type Allocation, isBetter, stealShares } from './steal-shares.ts'

/**
 * Ekya's worked example (NSDI 2022, Table 1 and Figure 4): two streams on three GPUs, two windows
 * of 120 s, accuracy floor 40 %; of each configuration the accuracy after it and its seconds on one
 * GPU.
 */
const table = [
  {
    a: [
      [75, 85],
      [70, 65],
    ],
    b: [
      [90, 80],
      [85, 50],
    ],
  },
  {
    a: [
      [95, 90],
      [90, 40],
    ],
    b: [
      [98, 80],
      [90, 70],
    ],
  },
] as const
const start = { a: 0.65, b: 0.5 } as const
const gpus = 3
const quantaPerGpu = 10

type Example = {
  readonly floor: number
  /** Positions of A.infer, A.train, B.infer, B.train among the jobs. */
  readonly order?: readonly [number, number, number, number]
}
type Plan = (streams: readonly EkyaStream[], floor: number) => Allocation

/** Mean accuracy over both windows, in per cent; what was retrained in the first stays. */
function meanAccuracy({ floor, order = [0, 1, 2, 3] }: Example, plan: Plan): number {
  let accuracies: readonly number[] = [start.a, start.b]
  let sum = 0
  for (const { a, b } of table) {
    const streams = [a, b].map((configurations, i): EkyaStream => {
      return {
        accuracy: must(accuracies[i]),
        keptShare: (quanta) => Math.min(1, quanta / quantaPerGpu),
        configurations: configurations.map(([percent, seconds]) => ({
          accuracyAfter: percent / 100,
          secondsOn: (quanta) => (quanta > 0 ? (seconds * quantaPerGpu) / quanta : null),
        })),
        inferenceJob: must(order[2 * i]),
        retrainingJob: must(order[2 * i + 1]),
      }
    })
    const window = { remainingSeconds: 120, accuracyMin: floor }
    const picked = pickConfigurations(streams, plan(streams, floor), window)
    sum += picked.accuracy
    accuracies = accuracies.map((before, i) => {
      const configuration = must(picked.configurations)[i] ?? null
      if (configuration === null) return before
      return must(must(streams[i]).configurations[configuration]).accuracyAfter
    })
  }
  return (100 * sum) / 2
}

function thief(passes: 'one' | 'until-stable'): Plan {
  return (streams, accuracyMin) => {
    const stolen = stealShares({
      start: fairShares(gpus * quantaPerGpu, 4),
      passes,
      evaluate: (shares) =>
        pickConfigurations(streams, shares, { remainingSeconds: 120, accuracyMin }),
    })
    return must(stolen).allocation
  }
}

/** Every split of the quanta over the four jobs. */
const exhaustive: Plan = (streams, accuracyMin) => {
  const window = { remainingSeconds: 120, accuracyMin }
  const quanta = gpus * quantaPerGpu
  let best: Allocation | null = null
  for (let i = 0; i <= quanta; i += 1) {
    for (let j = 0; i + j <= quanta; j += 1) {
      for (let k = 0; i + j + k <= quanta; k += 1) {
        const shares = [i, j, k, quanta - i - j - k]
        const merit = pickConfigurations(streams, shares, window)
        if (best === null || isBetter(merit, pickConfigurations(streams, best, window))) {
          best = shares
        }
      }
    }
  }
  return must(best)
}

describe("Ekya's worked example", () => {
  test('one pass, jobs in the order A.infer, A.train, B.infer, B.train', () => {
    expect(meanAccuracy({ floor: 0 }, thief('one'))).toBeCloseTo(71.6, 1)
    expect(meanAccuracy({ floor: 0.4 }, thief('one'))).toBeCloseTo(70.3, 1)
  })

  test('passes repeated until nothing changes find what trying everything finds', () => {
    expect(meanAccuracy({ floor: 0 }, thief('until-stable'))).toBeCloseTo(75.5, 1)
    expect(meanAccuracy({ floor: 0.4 }, thief('until-stable'))).toBeCloseTo(75.5, 1)
    expect(meanAccuracy({ floor: 0.4 }, exhaustive)).toBeCloseTo(75.5, 1)
  })

  test('another order of jobs gives one pass another result: it is part of the algorithm', () => {
    const order = [2, 3, 0, 1] as const
    expect(meanAccuracy({ floor: 0, order }, thief('one'))).not.toBeCloseTo(71.6, 1)
  })

  test('the fair start breaks the floor of B, which an accuracy that hides it would keep', () => {
    const streams = streamsWith(0.5)
    const fair = pickConfigurations(streams, [8, 7], { remainingSeconds: 120, accuracyMin: 0.45 })
    expect(fair.shortfall).toBeCloseTo(0.05)
  })
})

function streamsWith(accuracy: number): readonly EkyaStream[] {
  const keptShare = (quanta: number) => Math.min(1, quanta / 10)
  return [{ accuracy, keptShare, configurations: [], inferenceJob: 0, retrainingJob: 1 }]
}

describe('stealing', () => {
  const merit = (accuracy: number) => ({ shortfall: 0, accuracy })

  test('leaves pinned jobs their shares', () => {
    const stolen = stealShares({
      start: [3, 3, 3],
      evaluate: ([own]) => merit(must(own)),
      pinned: [false, true, false],
      passes: 'until-stable',
    })
    expect(stolen?.allocation).toEqual([6, 3, 0])
  })

  test('passes over shares that cannot be given, and says when none can', () => {
    const odd = (shares: Allocation) => (must(shares[0]) % 2 === 1 ? merit(must(shares[0])) : null)
    const stolen = stealShares({ start: [1, 4], evaluate: odd, passes: 'one' })
    expect(stolen?.allocation).toEqual([5, 0])
    expect(stealShares({ start: [1, 1], evaluate: () => null, passes: 'one' })).toBeNull()
  })

  test('counts what it evaluated', () => {
    const stolen = stealShares({ start: [1, 1], evaluate: () => merit(0), passes: 'one' })
    expect(stolen?.evaluations).toBe(3)
  })
})

test('a configuration that does not finish in the window is none', () => {
  const [stream] = streamsWith(0.5)
  const configurations = [{ accuracyAfter: 0.9, secondsOn: () => 121 }]
  const window = { remainingSeconds: 120, accuracyMin: 0 }
  const picked = pickConfigurations([{ ...must(stream), configurations }], [10, 10], window)
  expect(picked).toEqual({ configurations: [null], accuracy: 0.5, shortfall: 0 })
})

test('fair shares are whole and add up', () => {
  expect(fairShares(30, 4)).toEqual([8, 8, 7, 7])
  expect(fairShares(7, 8)).toEqual([1, 1, 1, 1, 1, 1, 1, 0])
})
