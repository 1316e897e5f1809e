import { expect, test } from 'vitest'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { legalLayouts } from './gpu-layouts.ts'
import { placesOf } from './places.ts'
import { gpuGroups, layoutChoices } from './reduce.ts'

const tiny = tinyProblem()
const gpu = must(tiny.gpus[0])

test('12 choices stand for the 298 layouts of an A100, and every layout fits into one', () => {
  const choices = layoutChoices(tiny, 0, [])
  const layouts = legalLayouts(gpu)
  expect([layouts.length, choices.length]).toEqual([298, 12])
  for (const { placed } of layouts) {
    const counts = tiny.classes.map(
      ({ profileId }) => placed.filter(({ profile }) => profile.profileId === profileId).length,
    )
    const fits = choices.some((choice) =>
      counts.every((count, k) => count <= must(choice.counts[k])),
    )
    expect(fits).toBe(true)
  }
})

test('what may stay where it is tells layouts apart', () => {
  const places = placesOf(tiny)
  const anchors = places.filter(
    ({ profile, start }) => profile.name.startsWith('1g') && (start === 2 || start === 5),
  )
  const choices = layoutChoices(tiny, 0, anchors)
  expect(choices.length).toBeGreaterThan(12)
  for (const kept of [anchors.slice(0, 1), anchors.slice(1), anchors]) {
    const around = choices.filter(({ anchored }) => kept.every((place) => anchored.includes(place)))
    expect(around.length).toBeGreaterThan(0)
  }
  // Beside a kept 1g at slice 2 nobody can place 4g.
  const fourG = tiny.classes.findIndex(({ name }) => name.startsWith('4g'))
  const beside = choices.filter(({ anchored }) => anchored.includes(must(anchors[0])))
  expect(beside.every(({ counts }) => counts[fourG] === 0)).toBe(true)
})

test('blocked slices are in no layout', () => {
  const blocked = [{ start: 4, size: 4, reason: 'failed' }] as const
  const problem: PlanningProblem = { ...tiny, gpus: [{ ...gpu, blocked }] }
  expect(placesOf(problem).every(({ mask }) => (mask & 0b11110000) === 0)).toBe(true)
  const largest = layoutChoices(problem, 0, []).map(({ counts }) =>
    counts.reduce((a, b) => a + b, 0),
  )
  expect(Math.max(...largest)).toBe(4)
})

test('GPUs that are alike, whole and empty are one group', () => {
  const gpus = ['a', 'b', 'c', 'd'].map((id) => ({ ...gpu, id }))
  const failed = { ...must(gpus[2]), blocked: [{ start: 0, size: 1, reason: 'failed' }] as const }
  const problem: PlanningProblem = { ...tiny, gpus: [...gpus.slice(0, 2), failed, must(gpus[3])] }
  const anchor = must(placesOf(problem).find((place) => place.gpu === 3))
  expect(gpuGroups(problem, [])).toEqual([
    { gpu: 0, count: 3 },
    { gpu: 2, count: 1 },
  ])
  expect(gpuGroups(problem, [anchor])).toEqual([
    { gpu: 0, count: 2 },
    { gpu: 2, count: 1 },
    { gpu: 3, count: 1 },
  ])
})
