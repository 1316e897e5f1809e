import { expect, test } from 'vitest'
import { randomProblem } from '../../../test/random-problem.ts'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { Rng } from '../../base/rng.ts'
import { gpuModels } from '../mig/catalog.ts'
import { checkPlan } from './check.ts'
import { keepLayoutPlan } from './keep-layout-plan.ts'
import type { PlanningProblem } from './problem.ts'
import { valueOf } from './value.ts'

const serving = (tenant: string, readyInSeconds = 0) =>
  ({ tenant, role: 'inference', readyInSeconds }) as const

const running: PlanningProblem['running'] = [
  { id: 'three', gpu: 0, profileId: 9, start: 4, worker: serving('a') },
  { id: 'two', gpu: 0, profileId: 14, start: 0, worker: serving('b', 2) },
  { id: 'idle', gpu: 0, profileId: 19, start: 2, worker: null },
]

test('what serves goes on to the end, an instance without a worker is let go', () => {
  const problem = { ...tinyProblem(), running }
  const plan = keepLayoutPlan(problem)
  expect(checkPlan(problem, plan)).toEqual({ kind: 'legal' })
  expect(plan.instances.map(({ id, existing }) => [id, existing])).toEqual([
    ['three', 'three'],
    ['two', 'two'],
  ])
  const [a, b] = valueOf(problem, plan).tenants
  expect(a?.inTime).toBeCloseTo(10 * 30)
  expect(b?.inTime).toBeCloseTo(8 * 20)
})

test('what lies on blocked slices, or of a profile that is no longer allowed, cannot stay', () => {
  const tiny = { ...tinyProblem(), running }
  const [gpu] = tiny.gpus
  if (gpu === undefined) throw new Error('There is a GPU')
  const blocked = [{ start: 0, size: 1, reason: 'failed' }] as const
  const failed = { ...tiny, gpus: [{ ...gpu, blocked }] }
  expect(keepLayoutPlan(failed).instances.map(({ id }) => id)).toEqual(['three'])
  const few = { ...tiny, gpus: [{ ...gpu, profileIds: [14] }] }
  expect(keepLayoutPlan(few).instances.map(({ id }) => id)).toEqual(['two'])
})

test('it is legal in whatever state a window begins, on all GPUs', () => {
  for (const { id } of gpuModels) {
    for (let seed = 0; seed < 20; seed += 1) {
      const options = { size: 'full', gpuModelIds: [id], hasRunning: true } as const
      const problem = randomProblem(new Rng(seed, `keep ${id}`), options)
      expect(checkPlan(problem, keepLayoutPlan(problem))).toEqual({ kind: 'legal' })
    }
  }
})
