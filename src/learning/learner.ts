import { assert } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { SampleSet } from './stream.ts'

/** Layer sizes: inputs -> hidden (rectified linear) -> classes (softmax). */
export type LearnerShape = {
  readonly inputs: number
  readonly hidden: number
  readonly classes: number
}

/**
 * A network with one hidden layer, as plain data. `parameters` holds, in this order, the hidden
 * weights (hidden x inputs), hidden biases, output weights (classes x hidden) and output biases.
 */
export type LearnerModel = {
  readonly shape: LearnerShape
  readonly parameters: Float64Array
}

export type TrainingSettings = {
  readonly learningRate: number
  readonly batchSize: number
  /** `last` leaves the hidden layer as it is. */
  readonly layers: 'all' | 'last'
}

export function parameterCount({ inputs, hidden, classes }: LearnerShape): number {
  return hidden * (inputs + 1) + classes * (hidden + 1)
}

/** An untrained model: weights drawn with variance 2 / fan-in (He et al. 2015), biases zero. */
export function createModel(shape: LearnerShape, rng: Rng): LearnerModel {
  const { inputs, hidden, classes } = shape
  const parameters = new Float64Array(parameterCount(shape))
  const outputAt = hidden * (inputs + 1)
  const inputScale = Math.sqrt(2 / inputs)
  const hiddenScale = Math.sqrt(2 / hidden)
  for (let i = 0; i < hidden * inputs; i += 1) parameters[i] = inputScale * rng.normal()
  for (let i = 0; i < classes * hidden; i += 1) {
    parameters[outputAt + i] = hiddenScale * rng.normal()
  }
  return { shape, parameters }
}

export function copyModel(model: LearnerModel): LearnerModel {
  return { shape: model.shape, parameters: model.parameters.slice() }
}

/** The class it gives an input (`shape.inputs` features); the lowest class on a tie. */
export function predict(model: LearnerModel, input: Float64Array): number {
  assert(
    input.length === model.shape.inputs,
    `An input of this model has ${model.shape.inputs} features, not ${input.length}`,
  )
  return predictAll(model, input)[0]!
}

/** How likely it holds each class for one input; sums to 1. */
export function classProbabilities(model: LearnerModel, input: Float64Array): Float64Array {
  const pass = newPass(model.shape)
  forward(model, input, 0, pass)
  softmax(pass.outputs)
  return pass.outputs
}

/** The class of each row of `inputs`. */
export function predictAll(model: LearnerModel, inputs: Float64Array): Uint8Array {
  const pass = newPass(model.shape)
  const answers = new Uint8Array(inputs.length / model.shape.inputs)
  for (let i = 0; i < answers.length; i += 1) {
    forward(model, inputs, i * model.shape.inputs, pass)
    let best = 0
    for (let c = 1; c < pass.outputs.length; c += 1) {
      if (pass.outputs[c]! > pass.outputs[best]!) best = c
    }
    answers[i] = best
  }
  return answers
}

/** Share of the samples it gives their label, in [0, 1]. */
export function accuracyOn(model: LearnerModel, samples: SampleSet): number {
  assert(samples.count > 0, 'Accuracy needs at least one sample')
  const answers = predictAll(model, samples.inputs)
  let hits = 0
  for (let i = 0; i < answers.length; i += 1) if (answers[i] === samples.labels[i]) hits += 1
  return hits / samples.count
}

/**
 * One epoch of mini-batch stochastic gradient descent on cross-entropy, in an order drawn from
 * `rng`. Changes the model's parameters in place; keeps no other state, so the model after an epoch
 * is a whole checkpoint when the caller draws each epoch's order from a generator of its own.
 */
export function trainEpoch(
  model: LearnerModel,
  samples: SampleSet,
  settings: TrainingSettings,
  rng: Rng,
): void {
  const order = shuffledOrder(samples.count, rng)
  const pass = newPass(model.shape)
  const gradient = new Float64Array(model.parameters.length)
  const first = settings.layers === 'last' ? model.shape.hidden * (model.shape.inputs + 1) : 0
  for (let from = 0; from < order.length; from += settings.batchSize) {
    const until = Math.min(from + settings.batchSize, order.length)
    gradient.fill(0)
    for (let i = from; i < until; i += 1) {
      addGradient(model, samples, order[i]!, { pass, gradient, layers: settings.layers })
    }
    const rate = settings.learningRate / (until - from)
    for (let p = first; p < gradient.length; p += 1) model.parameters[p]! -= rate * gradient[p]!
  }
}

/**
 * Activations of one forward pass; `outputs` are logits until `softmax` makes them probabilities.
 */
type Pass = { readonly hidden: Float64Array; readonly outputs: Float64Array }

function newPass({ hidden, classes }: LearnerShape): Pass {
  return { hidden: new Float64Array(hidden), outputs: new Float64Array(classes) }
}

function forward(model: LearnerModel, inputs: Float64Array, row: number, pass: Pass): void {
  const { inputs: width, hidden, classes } = model.shape
  const weights = model.parameters
  for (let h = 0; h < hidden; h += 1) {
    let sum = weights[hidden * width + h]!
    for (let d = 0; d < width; d += 1) sum += weights[h * width + d]! * inputs[row + d]!
    pass.hidden[h] = Math.max(sum, 0)
  }
  const outputAt = hidden * (width + 1)
  for (let c = 0; c < classes; c += 1) {
    let sum = weights[outputAt + classes * hidden + c]!
    for (let h = 0; h < hidden; h += 1) sum += weights[outputAt + c * hidden + h]! * pass.hidden[h]!
    pass.outputs[c] = sum
  }
}

type GradientSum = {
  readonly pass: Pass
  readonly gradient: Float64Array
  readonly layers: TrainingSettings['layers']
}

/** Adds one sample's gradient of the cross-entropy. */
function addGradient(
  model: LearnerModel,
  samples: SampleSet,
  index: number,
  { pass, gradient, layers }: GradientSum,
): void {
  const { inputs: width, hidden, classes } = model.shape
  const row = index * width
  forward(model, samples.inputs, row, pass)
  softmax(pass.outputs)
  pass.outputs[samples.labels[index]!]! -= 1
  const outputAt = hidden * (width + 1)
  for (let c = 0; c < classes; c += 1) {
    const error = pass.outputs[c]!
    for (let h = 0; h < hidden; h += 1) {
      gradient[outputAt + c * hidden + h]! += error * pass.hidden[h]!
    }
    gradient[outputAt + classes * hidden + c]! += error
  }
  if (layers === 'last') return
  for (let h = 0; h < hidden; h += 1) {
    if (pass.hidden[h] === 0) continue
    let error = 0
    for (let c = 0; c < classes; c += 1) {
      error += pass.outputs[c]! * model.parameters[outputAt + c * hidden + h]!
    }
    for (let d = 0; d < width; d += 1) {
      gradient[h * width + d]! += error * samples.inputs[row + d]!
    }
    gradient[hidden * width + h]! += error
  }
}

function softmax(values: Float64Array): void {
  let top = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i += 1) top = Math.max(top, values[i]!)
  let sum = 0
  for (let i = 0; i < values.length; i += 1) {
    values[i] = Math.exp(values[i]! - top)
    sum += values[i]!
  }
  for (let i = 0; i < values.length; i += 1) values[i]! /= sum
}

/** Fisher and Yates. */
function shuffledOrder(count: number, rng: Rng): Uint32Array {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i += 1) order[i] = i
  for (let i = count - 1; i > 0; i -= 1) {
    const other = rng.integer(i + 1)
    const held = order[i]!
    order[i] = order[other]!
    order[other] = held
  }
  return order
}
