import { expect, test } from 'vitest'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { checkPlan } from './check.ts'
import { type Block, planFromBlocks, retrainingSpanOf } from './plan-from-blocks.ts'
import type { PlanningProblem } from './problem.ts'

const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
const running = [{ id: 'old', gpu: 0, profileId: 14, start: 0, worker }]
const tiny: PlanningProblem = { ...tinyProblem(), running }

function block(profileId: number, start: number, slots: readonly [number, number]): Block {
  const place = { gpu: 0, profileId, start }
  const role = { kind: 'inference' } as const
  return { place, tenantIndex: 0, fromSlot: slots[0], untilSlot: slots[1], role }
}

function instancesOf(blocks: readonly Block[]) {
  const plan = planFromBlocks(tiny, 'test', blocks)
  expect(checkPlan(tiny, plan)).toEqual({ kind: 'legal' })
  return plan.instances
}

test('a block on the place of a running instance continues it', () => {
  const [own] = instancesOf([block(14, 0, [0, 10])])
  expect(own).toMatchObject({ id: 'old', existing: 'old' })
  expect(own?.tenures[0]).toMatchObject({ initialiseFromSeconds: 100, serveFromSeconds: 100 })
})

test('a running instance that idles first is continued later, with a warm-up', () => {
  const [own] = instancesOf([block(14, 0, [3, 10])])
  expect(own).toMatchObject({ id: 'old', existing: 'old' })
  expect(own?.tenures[0]?.serveFromSeconds).toBe(105)
})

test('where its slices were used in between, another instance is created', () => {
  const instances = instancesOf([block(9, 0, [0, 4]), block(14, 0, [4, 10])])
  expect(instances.map(({ id, existing }) => [id, existing])).toEqual([
    ['gpu-0/3g.40gb@0/100', null],
    ['gpu-0/2g.20gb@0/104', null],
  ])
})

test('blocks of one place share an instance while nobody else uses its slices', () => {
  const shared = instancesOf([block(14, 2, [0, 3]), block(14, 2, [5, 10])])
  expect(shared.map(({ tenures }) => tenures.length)).toEqual([2])
  const apart = instancesOf([block(14, 2, [0, 3]), block(19, 3, [3, 5]), block(14, 2, [5, 10])])
  expect(apart.map(({ id, tenures }) => [id, tenures.length])).toEqual([
    ['gpu-0/2g.20gb@2/100', 1],
    ['gpu-0/1g.10gb@3/103', 1],
    ['gpu-0/2g.20gb@2/105', 1],
  ])
})

test('a retraining is held for its warm-up and work, and may overrun by a quarter of that', () => {
  const role = { kind: 'retraining', configurationId: 'full', resumes: false } as const
  const place = { gpu: 0, profileId: 9, start: 4 }
  const retraining = { place, tenantIndex: 1, fromSlot: 1, role }
  expect(retrainingSpanOf(tiny, retraining)).toEqual({ warmUpSlots: 3, slots: 7 })
  const [own] = instancesOf([retraining])
  expect(must(own?.tenures[0])).toMatchObject({
    initialiseFromSeconds: 101,
    serveFromSeconds: 104,
    until: { kind: 'retraining-done', expectedSeconds: 108, latestSeconds: 109 },
  })
})
