import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assert } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { type RetrainingConfiguration, retrainEpoch } from './configuration.ts'
import {
  accuracyOn,
  classProbabilities,
  copyModel,
  createModel,
  type LearnerModel,
  predict,
  predictAll,
  type TrainingSettings,
  trainEpoch,
} from './learner.ts'
import { deserialiseModel, serialiseModel } from './model-bytes.ts'
import { createConcept, drawSamples, type SampleSet } from './stream.ts'

const settings: TrainingSettings = { learningRate: 0.05, batchSize: 16, layers: 'all' }
const concept = createConcept({ dimensions: 8, bits: 1, labelNoise: 0 }, new Rng(1, 'concept'))
const labels = drawSamples(concept, 0, 1500, new Rng(1, 'labels'))
const held = drawSamples(concept, 0, 3000, new Rng(1, 'held'))
const untrained = createModel({ inputs: 8, hidden: 12, classes: 2 }, new Rng(1, 'model'))

function trained(epochs: number, from = untrained, overrides: Partial<TrainingSettings> = {}) {
  const model = copyModel(from)
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    trainEpoch(model, labels, { ...settings, ...overrides }, new Rng(1, `epoch ${epoch}`))
  }
  return model
}

function crossEntropy(model: LearnerModel, samples: SampleSet): number {
  let sum = 0
  for (let i = 0; i < samples.count; i += 1) {
    const input = samples.inputs.slice(i * samples.dimensions, (i + 1) * samples.dimensions)
    sum -= Math.log(classProbabilities(model, input)[samples.labels[i]!]!)
  }
  return sum / samples.count
}

describe('the learner', () => {
  test('learns: 95 % of unseen answers are right after ten epochs, half before the first', () => {
    expect(accuracyOn(trained(10), held)).toBeGreaterThan(0.95)
    expect(Math.abs(accuracyOn(untrained, held) - 0.5)).toBeLessThan(0.25)
  })

  test('is wrong about a concept that has moved, by the angle it moved', () => {
    const model = trained(10)
    const later = drawSamples(concept, 0.5, 3000, new Rng(2))
    const lost = accuracyOn(model, held) - accuracyOn(model, later)
    expect(Math.abs(lost - 0.5 / Math.PI)).toBeLessThan(0.05)
  })

  test('descends along the gradient of its cross-entropy, as finite differences have it', () => {
    const few = drawSamples(concept, 0, 16, new Rng(3))
    const stepped = copyModel(untrained)
    trainEpoch(stepped, few, { ...settings, learningRate: 1 }, new Rng(3))
    const h = 1e-6
    for (let p = 0; p < untrained.parameters.length; p += 1) {
      const up = copyModel(untrained)
      const down = copyModel(untrained)
      up.parameters[p]! += h
      down.parameters[p]! -= h
      const slope = (crossEntropy(up, few) - crossEntropy(down, few)) / (2 * h)
      const step = untrained.parameters[p]! - stepped.parameters[p]!
      expect(Math.abs(step - slope), `parameter ${p}`).toBeLessThan(1e-6)
    }
  })

  test('of the last layer only leaves the hidden layer as it was', () => {
    const model = trained(2, untrained, { layers: 'last' })
    const hiddenPart = 12 * 9
    expect(model.parameters.slice(0, hiddenPart)).toEqual(untrained.parameters.slice(0, hiddenPart))
    expect(model.parameters.slice(hiddenPart)).not.toEqual(untrained.parameters.slice(hiddenPart))
  })

  test('answers one input as it answers many', () => {
    const model = trained(1)
    const all = predictAll(model, held.inputs)
    for (const i of [0, 1, 2999]) {
      expect(predict(model, held.inputs.slice(i * 8, i * 8 + 8))).toBe(all[i])
    }
    expect(() => predict(model, new Float64Array(7))).toThrow(/8 features, not 7/)
  })

  test('gives probabilities that sum to one, however far out the input', () => {
    const model = trained(1)
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 8, maxLength: 8 }),
        (input) => {
          const probabilities = classProbabilities(model, Float64Array.from(input))
          expect(probabilities[0]! + probabilities[1]!).toBeCloseTo(1)
        },
      ),
    )
  })
})

describe('a checkpoint', () => {
  const configuration: RetrainingConfiguration = {
    id: 'part',
    describe: 'a third of the labels',
    epochs: 3,
    dataShare: 1 / 3,
    training: settings,
  }

  test('resumes to the very version an uninterrupted retraining makes', () => {
    const rng = new Rng(5, 'retraining')
    const whole = copyModel(untrained)
    for (const epoch of [0, 1, 2]) retrainEpoch(whole, labels, configuration, { epoch, rng })

    const begun = copyModel(untrained)
    for (const epoch of [0, 1]) retrainEpoch(begun, labels, configuration, { epoch, rng })
    const read = deserialiseModel(serialiseModel({ model: begun, epochsDone: 2 }))
    assert(read.kind === 'checkpoint', read.kind)
    const { model, epochsDone } = read.checkpoint
    retrainEpoch(model, labels, configuration, { epoch: epochsDone, rng: new Rng(5, 'retraining') })
    expect(model).toEqual(whole)
  })

  test('trains on the stated share of the labels and no other', () => {
    const rng = new Rng(5, 'retraining')
    const onAll = copyModel(untrained)
    retrainEpoch(onAll, labels, configuration, { epoch: 0, rng })
    const third = drawSamples(concept, 0, 500, new Rng(1, 'labels'))
    third.inputs.set(labels.inputs.subarray(0, 500 * 8))
    third.labels.set(labels.labels.subarray(0, 500))
    const onThird = copyModel(untrained)
    retrainEpoch(onThird, third, { ...configuration, dataShare: 1 }, { epoch: 0, rng })
    expect(onAll).toEqual(onThird)
  })

  test('that was cut off, is empty or damaged is refused with a reason', () => {
    const bytes = serialiseModel({ model: untrained, epochsDone: 0 })
    const nan = bytes.slice()
    nan.fill(0xff, 20, 28)
    const huge = bytes.slice()
    huge.fill(0xff, 4, 8)
    for (const bad of [new Uint8Array(), bytes.slice(0, -1), bytes.slice(1), nan, huge]) {
      const read = deserialiseModel(bad)
      expect(read.kind).toBe('malformed')
      expect(read.kind === 'malformed' && read.reason.length).toBeGreaterThan(10)
    }
  })

  test('reader survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(deserialiseModel(bytes).kind).toBe('malformed')
      }),
    )
  })
})
