import { describe, expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import {
  createConcept,
  drawInputs,
  drawSamples,
  firstSamples,
  labelsOf,
  type StreamParameters,
  withLabelNoise,
} from './stream.ts'

const parameters: StreamParameters = { dimensions: 12, bits: 2, labelNoise: 0.1 }
const concept = createConcept(parameters, new Rng(1, 'concept'))
const inputs = drawInputs(parameters, 40_000, new Rng(1, 'inputs'))

/** Share of the inputs on which one bit of the label is the same at both positions. */
function bitAgreement(bit: number, from: number, to: number): number {
  const a = labelsOf(concept, from, inputs)
  const b = labelsOf(concept, to, inputs)
  const mask = 1 << bit
  return a.filter((label, i) => (label & mask) === (b[i]! & mask)).length / a.length
}

describe('the rotating-hyperplane stream', () => {
  test.each([0.1, 0.5, 1, 2, Math.PI])(
    'moved by %d radians disagrees with itself on that angle over pi, bit by bit',
    (angle) => {
      for (const bit of [0, 1]) {
        // Four standard errors of a share of 40,000.
        expect(Math.abs(bitAgreement(bit, 0.3, 0.3 + angle) - (1 - angle / Math.PI))).toBeLessThan(
          0.01,
        )
      }
    },
  )

  test('has equally frequent classes', () => {
    const labels = labelsOf(concept, 0.7, inputs)
    for (const wanted of [0, 1, 2, 3]) {
      const share = labels.filter((label) => label === wanted).length / labels.length
      expect(Math.abs(share - 0.25)).toBeLessThan(0.01)
    }
  })

  test('replaces the stated share of labels by another class', () => {
    const samples = drawSamples(concept, 0.7, 20_000, new Rng(2))
    const clean = labelsOf(concept, 0.7, samples.inputs)
    const wrong = samples.labels.filter((label, i) => label !== clean[i]).length / samples.count
    expect(Math.abs(wrong - 0.1)).toBeLessThan(0.01)
    expect(withLabelNoise(1, parameters)).toBeCloseTo(0.9)
    expect(withLabelNoise(0, parameters)).toBeCloseTo(0.1 / 3)
  })

  test('is the same for the same seed, and another for another', () => {
    const again = drawSamples(concept, 0.2, 50, new Rng(3))
    expect(drawSamples(concept, 0.2, 50, new Rng(3))).toEqual(again)
    expect(drawSamples(concept, 0.2, 50, new Rng(4)).labels).not.toEqual(again.labels)
    expect(createConcept(parameters, new Rng(2, 'concept'))).not.toEqual(concept)
  })

  test('refuses an odd number of features and more hyperplanes than features', () => {
    expect(() => createConcept({ ...parameters, dimensions: 7 }, new Rng(1))).toThrow(/even/)
    expect(() => createConcept({ ...parameters, dimensions: 2, bits: 3 }, new Rng(1))).toThrow(
      /3 hyperplanes/,
    )
  })
})

test('the first samples are the first rows', () => {
  const samples = drawSamples(concept, 0, 10, new Rng(5))
  const few = firstSamples(samples, 3)
  expect(few.count).toBe(3)
  expect(few.inputs).toEqual(samples.inputs.slice(0, 36))
  expect(few.labels).toEqual(samples.labels.slice(0, 3))
  expect(() => firstSamples(samples, 11)).toThrow(/11 of 10/)
})
