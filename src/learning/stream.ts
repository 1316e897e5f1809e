import { assert } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'

/**
 * A rotating-hyperplane stream, the standard concept-drift generator of Hulten, Spencer and
 * Domingos, "Mining Time-Changing Data Streams" (KDD 2001), with two changes. Inputs are standard
 * normal, not uniform, and the hyperplanes turn in every coordinate pair at once, so that the
 * distance a concept has moved is one exact angle in radians: two hyperplanes at angle a disagree
 * on a / pi of the inputs. And a label has `bits` bits, one hyperplane each, orthogonal to each
 * other; one bit is the original.
 */
export type StreamParameters = {
  /** Features of an input; even. */
  readonly dimensions: number
  /** Bits of the label: 2 ** bits classes, equally frequent. */
  readonly bits: number
  /** Share of labels replaced by another class. */
  readonly labelNoise: number
}

/**
 * A concept as plain data; `position` (radians) in the functions below says how far it has turned.
 */
export type Concept = {
  readonly parameters: StreamParameters
  /** `bits` rows of `dimensions`: unit normals at position 0. */
  readonly normals: Float64Array
  /** The same, turned by a quarter. */
  readonly quarterTurned: Float64Array
}

/** Labelled inputs; `inputs` holds `count` rows of `dimensions`. */
export type SampleSet = {
  readonly dimensions: number
  readonly count: number
  readonly inputs: Float64Array
  readonly labels: Uint8Array
}

export function classCount(parameters: StreamParameters): number {
  return 2 ** parameters.bits
}

/** A random concept: orthonormal normals, by Gram and Schmidt on normal draws. */
export function createConcept(parameters: StreamParameters, rng: Rng): Concept {
  const { dimensions, bits } = parameters
  assert(dimensions % 2 === 0, `The features of a stream are even in number, not ${dimensions}`)
  assert(bits <= dimensions, `${bits} hyperplanes need as many features, not ${dimensions}`)
  const normals = new Float64Array(bits * dimensions)
  for (let row = 0; row < bits; row += 1) {
    const normal = normals.subarray(row * dimensions, (row + 1) * dimensions)
    for (let d = 0; d < dimensions; d += 1) normal[d] = rng.normal()
    for (let other = 0; other < row; other += 1) {
      const earlier = normals.subarray(other * dimensions, (other + 1) * dimensions)
      const along = dot(normal, earlier)
      for (let d = 0; d < dimensions; d += 1) normal[d]! -= along * earlier[d]!
    }
    const length = Math.sqrt(dot(normal, normal))
    for (let d = 0; d < dimensions; d += 1) normal[d]! /= length
  }
  return { parameters, normals, quarterTurned: turnQuarter(normals) }
}

/** Inputs with the labels, noise included, that the concept gives at that position. */
export function drawSamples(
  concept: Concept,
  position: number,
  count: number,
  rng: Rng,
): SampleSet {
  const { dimensions, labelNoise } = concept.parameters
  const inputs = drawInputs(concept.parameters, count, rng)
  const labels = labelsOf(concept, position, inputs)
  const classes = classCount(concept.parameters)
  for (let i = 0; i < count; i += 1) {
    if (rng.uniform() < labelNoise) {
      labels[i] = (labels[i]! + 1 + rng.integer(classes - 1)) % classes
    }
  }
  return { dimensions, count, inputs, labels }
}

/** `count` rows of `dimensions` standard normal features. */
export function drawInputs(parameters: StreamParameters, count: number, rng: Rng): Float64Array {
  const inputs = new Float64Array(count * parameters.dimensions)
  for (let i = 0; i < inputs.length; i += 1) inputs[i] = rng.normal()
  return inputs
}

/** The noiseless label of each row of `inputs` at that position. */
export function labelsOf(concept: Concept, position: number, inputs: Float64Array): Uint8Array {
  const { dimensions, bits } = concept.parameters
  const turned = turnedNormals(concept, position)
  const labels = new Uint8Array(inputs.length / dimensions)
  for (let i = 0; i < labels.length; i += 1) {
    let label = 0
    for (let bit = 0; bit < bits; bit += 1) {
      let projection = 0
      for (let d = 0; d < dimensions; d += 1) {
        projection += inputs[i * dimensions + d]! * turned[bit * dimensions + d]!
      }
      if (projection > 0) label |= 1 << bit
    }
    labels[i] = label
  }
  return labels
}

/**
 * Share of answers that agree with the stream's noisy labels, when a share `clean` agrees with the
 * noiseless ones: the expectation over the noise instead of one draw of it.
 */
export function withLabelNoise(clean: number, parameters: StreamParameters): number {
  const { labelNoise } = parameters
  return (1 - labelNoise) * clean + (labelNoise * (1 - clean)) / (classCount(parameters) - 1)
}

/** The first `count` samples, without a copy. */
export function firstSamples(samples: SampleSet, count: number): SampleSet {
  assert(count <= samples.count, `Cannot take ${count} of ${samples.count} samples`)
  return {
    dimensions: samples.dimensions,
    count,
    inputs: samples.inputs.subarray(0, count * samples.dimensions),
    labels: samples.labels.subarray(0, count),
  }
}

/**
 * Turning by a quarter in every coordinate pair takes w to Jw, and by an angle to w cos + Jw sin.
 */
function turnedNormals({ normals, quarterTurned }: Concept, position: number): Float64Array {
  const cos = Math.cos(position)
  const sin = Math.sin(position)
  return normals.map((value, i) => cos * value + sin * quarterTurned[i]!)
}

function turnQuarter(rows: Float64Array): Float64Array {
  return rows.map((_, i) => (i % 2 === 0 ? -rows[i + 1]! : rows[i - 1]!))
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!
  return sum
}
