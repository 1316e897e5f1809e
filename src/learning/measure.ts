import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import type { AccuracyTable, MeasuredConfiguration } from '../core/learning/accuracy-table.ts'
import { type RetrainingConfiguration, retrainEpoch, samplesPerEpoch } from './configuration.ts'
import { copyModel, createModel, type LearnerModel, predictAll, trainEpoch } from './learner.ts'
import {
  type Concept,
  classCount,
  createConcept,
  drawInputs,
  drawSamples,
  labelsOf,
  type StreamParameters,
  withLabelNoise,
} from './stream.ts'
import type { Study } from './studies.ts'

/** One seeded world of a study: a concept, the version deployed before the run, and test inputs. */
export type World = {
  readonly study: Study
  readonly rng: Rng
  readonly concept: Concept
  readonly initial: LearnerModel
  readonly testInputs: Float64Array
}

/** What one training came to, judged on the test inputs. */
export type Training = {
  /** Parallel to the study's drift grid. */
  readonly accuracy: readonly number[]
  /** Before training and after each epoch, at drift 0. */
  readonly learningCurve: readonly number[]
}

/** The initial version is trained on many labels taken at position 0. */
export function createWorld(study: Study, seed: number, repetition: number): World {
  const rng = new Rng(seed, `${study.id}/repetition ${repetition}`)
  const concept = createConcept(study.stream, rng.split('concept'))
  const { dimensions } = study.stream
  const shape = {
    inputs: dimensions,
    hidden: study.hiddenUnits,
    classes: classCount(study.stream),
  }
  const initial = createModel(shape, rng.split('model'))
  const { labels, epochs, training } = study.initial
  const samples = drawSamples(concept, 0, labels, rng.split('initial labels'))
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    trainEpoch(initial, samples, training, rng.split(`initial epoch ${epoch}`))
  }
  const testInputs = drawInputs(study.stream, study.testInputs, rng.split('test'))
  return { study, rng, concept, initial, testInputs }
}

/** Retrains the initial version on labels taken `staleness` after its own. */
export function measureTraining(
  world: World,
  configuration: RetrainingConfiguration,
  staleness: number,
): Training {
  const { study, concept, rng } = world
  const labels = drawSamples(
    concept,
    staleness,
    study.labelsPerWindow,
    rng.split(`labels at ${staleness}`),
  )
  const model = copyModel(world.initial)
  const truth = labelsOf(concept, staleness, world.testInputs)
  const judge = (): number => agreement(predictAll(model, world.testInputs), truth, study.stream)
  const learningCurve = [judge()]
  const order = rng.split(`${configuration.id} at ${staleness}`)
  for (let epoch = 0; epoch < configuration.epochs; epoch += 1) {
    retrainEpoch(model, labels, configuration, { epoch, rng: order })
    learningCurve.push(judge())
  }
  return { learningCurve, accuracy: accuracyAlong(world, model, staleness) }
}

/**
 * The table of a study: every configuration, staleness and drift, averaged over its repetitions.
 */
export function measureTable(
  study: Study,
  seed: number,
  onProgress: (done: number, all: number) => void = () => {},
): AccuracyTable {
  const worlds = Array.from({ length: study.repetitions }, (_, repetition) =>
    createWorld(study, seed, repetition),
  )
  const all = study.configurations.length * study.stalenessGrid.length
  let done = 0
  const configurations = study.configurations.map((configuration): MeasuredConfiguration => {
    const rows = study.stalenessGrid.map((staleness) => {
      const trainings = worlds.map((world) => measureTraining(world, configuration, staleness))
      done += 1
      onProgress(done, all)
      return trainings
    })
    return {
      id: configuration.id,
      epochs: configuration.epochs,
      samplesPerEpoch: samplesPerEpoch(configuration, study.labelsPerWindow),
      accuracy: rows.map((trainings) => means(trainings.map(({ accuracy }) => accuracy))),
      accuracySpread: round(spread(rows)),
      learningCurve: rows.map((trainings) =>
        means(trainings.map(({ learningCurve }) => learningCurve)),
      ),
    }
  })
  return {
    id: study.id,
    source: 'measured on our synthetic stream (scripts/make-accuracy-tables.mjs)',
    parameters: { ...parametersOf(study), seed },
    driftGrid: study.driftGrid,
    stalenessGrid: study.stalenessGrid,
    initialAccuracy: means(worlds.map((world) => accuracyAlong(world, world.initial, 0))),
    configurations,
  }
}

/** Everything a study's table depends on, flat, as the table file states it. */
export function parametersOf(study: Study): Readonly<Record<string, number | string>> {
  return {
    stream: study.describe,
    ...study.stream,
    hiddenUnits: study.hiddenUnits,
    initialLabels: study.initial.labels,
    initialEpochs: study.initial.epochs,
    initialLearningRate: study.initial.training.learningRate,
    initialBatchSize: study.initial.training.batchSize,
    labelsPerWindow: study.labelsPerWindow,
    testInputs: study.testInputs,
    repetitions: study.repetitions,
    ...Object.fromEntries(
      study.configurations.map(({ id, dataShare, epochs, training }) => [
        `configuration ${id}`,
        `${epochs} epochs, ${dataShare} of the labels, ${training.layers} layers, ` +
          `learning rate ${training.learningRate}, batches of ${training.batchSize}`,
      ]),
    ),
  }
}

/** Accuracy of a model at each drift of the grid past `position`. */
function accuracyAlong(world: World, model: LearnerModel, position: number): readonly number[] {
  const { study, concept, testInputs } = world
  const answers = predictAll(model, testInputs)
  return study.driftGrid.map((drift) =>
    agreement(answers, labelsOf(concept, position + drift, testInputs), study.stream),
  )
}

function agreement(answers: Uint8Array, truth: Uint8Array, parameters: StreamParameters): number {
  let hits = 0
  for (let i = 0; i < answers.length; i += 1) if (answers[i] === truth[i]) hits += 1
  return withLabelNoise(hits / answers.length, parameters)
}

/** Element-wise mean, rounded to a table's four decimals. */
function means(rows: readonly (readonly number[])[]): readonly number[] {
  return must(rows[0]).map((_, i) =>
    round(rows.reduce((sum, row) => sum + must(row[i]), 0) / rows.length),
  )
}

/** Root mean variance, over the stalenesses, of the accuracy right after training. */
function spread(rows: readonly (readonly Training[])[]): number {
  const variances = rows.map((trainings) => {
    const values = trainings.map(({ accuracy }) => must(accuracy[0]))
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
    return squares / Math.max(1, values.length - 1)
  })
  return Math.sqrt(variances.reduce((sum, value) => sum + value, 0) / variances.length)
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4
}
