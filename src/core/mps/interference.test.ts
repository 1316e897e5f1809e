import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { calibratedSlope, interferenceSlope, pointsOf, slowdownOnShare } from './interference.ts'
import { processCounts } from './process-counts.ts'

describe('interference under MPS', () => {
  test('is what process counts give: four per cent with three neighbours', () => {
    expect(interferenceSlope).toBeCloseTo(0.045, 3)
    expect(slowdownOnShare(0.25)).toBeCloseTo(1.034, 3)
    expect(slowdownOnShare(1)).toBe(1)
  })

  test('half of the points lie between 0 and 0.085', () => {
    const slopes = processCounts
      .flatMap(pointsOf)
      .map(({ others, excess }) => excess / others)
      .sort((a, b) => a - b)
    expect(slopes).toHaveLength(62)
    expect(slopes[15]).toBeCloseTo(0.004, 2)
    expect(slopes[46]).toBeCloseTo(0.085, 2)
  })

  test('is none where processes together answer what isolated instances would', () => {
    const alone = [10, 20, 30, 40]
    const counts = { model: 'linear', items: 1, alone, together: [70, 70, 70, null, 70] }
    expect(calibratedSlope([counts])).toBeCloseTo(0)
    const slower = { ...counts, together: [70, 35, null, null, null] }
    expect(calibratedSlope([slower])).toBeCloseTo(2)
  })
})

const folder = process.env['MIGRATOR_TEST_DATA']

test.skipIf(folder === undefined)("the typed figures are the publisher's", () => {
  const file = join(folder as string, 'mig-inference/parvagpu_a100-80gb_inference.csv')
  const rows = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  const rateOf = (model: string, slices: number, items: number, processes: number) => {
    const name = model === 'bert-large' ? 'bert' : model
    const row = rows.find(
      ([m, , g, b, n]) => m === name && +g! === slices && +b! === items && +n! === processes,
    )
    return row?.[5] === 'ok' && row[9] === '' ? Number(row[8]) : null
  }
  for (const { model, items, alone, together } of processCounts) {
    expect(alone).toEqual([1, 2, 3, 4].map((slices) => rateOf(model, slices, items, 1)))
    expect(together).toEqual([1, 2, 3, 4, 5].map((n) => rateOf(model, 7, items, n)))
  }
})
