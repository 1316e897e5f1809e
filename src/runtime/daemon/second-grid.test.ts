import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { SecondGrid } from './second-grid.ts'

test('counts of one second each fall into one second each, however late timers are', () => {
  const grid = new SecondGrid()
  // Just at the edges of the run's seconds, late by up to 8 ms.
  const seconds = Array.from({ length: 200 }, (_, i) => {
    const late = (i % 5) * 0.002
    return grid.secondOf(i + 0.4985 + late, i + 1.4985 + late)
  })
  const steps = seconds.slice(1).map((second, i) => second - must(seconds[i]))
  expect(steps.every((step) => step === 1)).toBe(true)
  expect(Math.abs(must(seconds[0]) - 0.5)).toBeLessThanOrEqual(0.5)
})

test('a grid that drifts is moved, and loses or doubles a second only then', () => {
  const grid = new SecondGrid()
  const seconds = Array.from({ length: 1000 }, (_, i) => grid.secondOf(1.003 * i, 1.003 * (i + 1)))
  const steps = seconds.slice(1).map((second, i) => second - must(seconds[i]))
  expect(steps.filter((step) => step !== 1).length).toBeLessThanOrEqual(5)
})
