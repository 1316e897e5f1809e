import type { RetrainingConfiguration } from './configuration.ts'
import type { TrainingSettings } from './learner.ts'
import type { StreamParameters } from './stream.ts'

/** What one accuracy table is measured on: a stream, a model, and ways to retrain it. */
export type Study = {
  readonly id: string
  readonly describe: string
  readonly stream: StreamParameters
  readonly hiddenUnits: number
  /** How the version deployed before the run was made. */
  readonly initial: {
    readonly labels: number
    readonly epochs: number
    readonly training: TrainingSettings
  }
  /** Labels that a retraining may use: those of one window. */
  readonly labelsPerWindow: number
  readonly testInputs: number
  readonly repetitions: number
  readonly driftGrid: readonly number[]
  readonly stalenessGrid: readonly number[]
  readonly configurations: readonly RetrainingConfiguration[]
}

/** The seed of the committed tables. */
export const tablesSeed = 1

const usual: TrainingSettings = { learningRate: 0.02, batchSize: 16, layers: 'all' }

/**
 * `short` and `last-layer` are cheap and win back part of a drift; `little-data` overfits and `hot`
 * overshoots, so that both leave a version that was still good worse than it was.
 */
const configurations: readonly RetrainingConfiguration[] = [
  {
    id: 'full',
    describe: 'all labels, 15 epochs',
    epochs: 15,
    dataShare: 1,
    training: usual,
  },
  {
    id: 'short',
    describe: 'all labels, 3 epochs',
    epochs: 3,
    dataShare: 1,
    training: usual,
  },
  {
    id: 'little-data',
    describe: 'a tenth of the labels, 30 epochs',
    epochs: 30,
    dataShare: 0.1,
    training: usual,
  },
  {
    id: 'last-layer',
    describe: 'all labels, 5 epochs, hidden layer kept',
    epochs: 5,
    dataShare: 1,
    training: { ...usual, layers: 'last' },
  },
  {
    id: 'hot',
    describe: 'all labels, 3 epochs, 25 times the usual learning rate',
    epochs: 3,
    dataShare: 1,
    training: { ...usual, learningRate: 0.5 },
  },
]

const common = {
  initial: { labels: 6000, epochs: 12, training: { ...usual, learningRate: 0.03 } },
  testInputs: 4000,
  repetitions: 12,
  driftGrid: [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5],
  stalenessGrid: [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5],
  configurations,
} as const

/**
 * The three studies behind `data/accuracy/`: the more hyperplanes a label depends on, the more a
 * given drift costs, and the more labels and epochs it takes to win it back.
 */
export const studies: readonly Study[] = [
  {
    id: 'easy',
    describe: 'one rotating hyperplane, two classes',
    stream: { dimensions: 16, bits: 1, labelNoise: 0.04 },
    hiddenUnits: 16,
    labelsPerWindow: 1500,
    ...common,
  },
  {
    id: 'medium',
    describe: 'two rotating hyperplanes, four classes',
    stream: { dimensions: 20, bits: 2, labelNoise: 0.06 },
    hiddenUnits: 24,
    labelsPerWindow: 1500,
    ...common,
  },
  {
    id: 'hard',
    describe: 'three rotating hyperplanes, eight classes',
    stream: { dimensions: 24, bits: 3, labelNoise: 0.08 },
    hiddenUnits: 32,
    labelsPerWindow: 2000,
    ...common,
  },
]
