import { must } from '../../base/assert.ts'
import type { Rng } from '../../base/rng.ts'
import type { Drift } from '../../core/learning/accuracy-table.ts'
import { driftAt } from '../../core/learning/drift.ts'
import { createWorld } from '../../learning/measure.ts'
import { drawSamples } from '../../learning/stream.ts'
import type { Study } from '../../learning/studies.ts'
import type { InferRequest, InferResponse } from '../open-inference/protocol.ts'
import { flatValues } from '../open-inference/tensor-values.ts'

/** A request as a client of the reference model sends it, and the labels it will learn of later. */
export type DriftingRequest = {
  readonly request: InferRequest
  /** The stream's own labels, noise included, one for each item. */
  readonly labels: readonly number[]
}

/** The other side of a tenant: a stream of inputs whose meaning drifts with time, as in the lab. */
export type DriftingSource = {
  readonly study: Study
  /** How far the concept has turned since the initial version's labels, in radians. */
  readonly positionAt: (seconds: number) => number
  readonly requestAt: (seconds: number, items: number, rng: Rng) => DriftingRequest
}

export type DriftingSourceOptions = {
  readonly study: Study
  /** That of the initial version (`writeInitialVersion`): the same concept. */
  readonly seed: number
  readonly drift: Drift
  /** Drift between the initial version's labels and t = 0. */
  readonly initialStaleness: number
}

export const inputName = 'features'
export const outputName = 'class'

export function driftingSource(options: DriftingSourceOptions): DriftingSource {
  const { study, drift, initialStaleness } = options
  const { concept } = createWorld(study, options.seed, 0)
  const positionAt = (seconds: number) => initialStaleness + driftAt(drift, seconds)
  return {
    study,
    positionAt,
    requestAt: (seconds, items, rng) => {
      const samples = drawSamples(concept, positionAt(seconds), items, rng)
      const features = {
        name: inputName,
        shape: [items, samples.dimensions],
        datatype: 'FP64',
        data: Array.from(samples.inputs, rounded),
      } as const
      return { request: { inputs: [features] }, labels: Array.from(samples.labels) }
    },
  }
}

/**
 * Four decimals: half the bytes. That moves a projection by 3e-5 (standard deviation) against a
 * spread of 1, so one label bit in a hundred thousand changes sides.
 */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4
}

/** The classes that a reference server answered; null when the answer is not one of its kind. */
export function classesIn(response: InferResponse): readonly number[] | null {
  const output = response.outputs.find(({ name }) => name === outputName)
  if (output === undefined || output.shape.length !== 1) return null
  const values = flatValues(output.data)
  return values.every((value) => typeof value === 'number') ? (values as number[]) : null
}

/** How many of the answers are right. */
export function correctCount(labels: readonly number[], classes: readonly number[]): number {
  return labels.filter((label, i) => label === must(classes[i])).length
}
