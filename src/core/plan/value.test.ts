import { expect, test } from 'vitest'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { findGpuModel } from '../mig/catalog.ts'
import { shareModel } from '../mps/share-model.ts'
import type { Plan } from './plan.ts'
import { type Block, planFromBlocks } from './plan-from-blocks.ts'
import type { PlanningProblem } from './problem.ts'
import { valueOf } from './value.ts'

const tiny = tinyProblem()
const inference = { kind: 'inference' } as const
const retraining = { kind: 'retraining', configurationId: 'full', resumes: false } as const

/** Two slices for `a` from the start; `b` has none. */
const twoSlices: Block = {
  place: { gpu: 0, profileId: 14, start: 0 },
  tenantIndex: 0,
  fromSlot: 0,
  untilSlot: 10,
  role: inference,
}

function onThreeSlices(fromSlot: number): Block {
  return { place: { gpu: 0, profileId: 9, start: 4 }, tenantIndex: 0, fromSlot, role: retraining }
}

function worth(problem: PlanningProblem, blocks: readonly Block[], change: Partial<Plan> = {}) {
  return valueOf(problem, { ...planFromBlocks(problem, 'test', blocks), ...change })
}

test('what is warmed up serves nothing, then its capacity: J by hand', () => {
  // 8 slots of 20 answers in time at 0.6, each worth 1 / 500.
  const value = worth(tiny, [twoSlices])
  expect(value.objective).toBeCloseTo((8 * 20 * 0.6) / 500, 12)
  expect(value.tenants[0]).toEqual({
    tenant: 'a',
    arrivals: 500,
    inTime: 160,
    sloAttainment: 0.32,
    accuracy: expect.closeTo(0.6, 12),
    goodput: expect.closeTo(0.192, 12),
  })
})

test('a tenant that gets nothing has Goodput 0, and no accuracy', () => {
  const { tenants } = worth(tiny, [twoSlices])
  expect(tenants[1]).toEqual({
    tenant: 'b',
    arrivals: 500,
    inTime: 0,
    sloAttainment: 0,
    accuracy: null,
    goodput: 0,
  })
})

test('a tenant without arrivals has no SLO attainment', () => {
  const meanRps = must(tiny.tenants[0]).arrivals.meanRps.map(() => 0)
  const tenants = tiny.tenants.map((own) => ({ ...own, arrivals: { ...own.arrivals, meanRps } }))
  const value = worth({ ...tiny, tenants }, [twoSlices])
  expect(value.objective).toBe(0)
  expect(value.tenants[0]).toMatchObject({ sloAttainment: null, accuracy: null, goodput: null })
})

test('a retraining raises the accuracy from the slot in which it is done', () => {
  // On three slices: V = 3, 4 s of work, done at 7; three slots at 0.8 instead of 0.6.
  const value = worth(tiny, [twoSlices, onThreeSlices(0)])
  expect(value.objective).toBeCloseTo((5 * 20 * 0.6 + 3 * 20 * 0.8) / 500, 12)
})

test('the terminal value counts the accuracy at the end, on what arrives', () => {
  const perPoint = (10 * 50) / 500
  expect(worth(tiny, [twoSlices]).terminal).toBeCloseTo(perPoint * (0.6 + 0.6), 12)
  const done = worth(tiny, [twoSlices, onThreeSlices(3)])
  expect(done.terminal).toBeCloseTo(perPoint * (0.8 + 0.6), 12)
})

test('a retraining that crosses the end counts by the share of its work done inside', () => {
  // From slot 5: works in 8 .. 11, two of its four slots lie inside.
  const crossing = worth(tiny, [twoSlices, onThreeSlices(5)])
  expect(crossing.terminal).toBeCloseTo(((10 * 50) / 500) * (0.7 + 0.6), 12)
  expect(crossing.objective).toBeCloseTo((8 * 20 * 0.6) / 500, 12)
})

test('what runs already serves at once, the first layout too', () => {
  const worker = { tenant: 'a', role: 'inference', readyInSeconds: 0 } as const
  const running = [{ id: 'old', gpu: 0, profileId: 14, start: 0, worker }]
  expect(worth({ ...tiny, running }, [twoSlices]).tenants[0]?.inTime).toBe(200)
  expect(worth({ ...tiny, isFirstLayoutFree: true }, [twoSlices]).tenants[0]?.inTime).toBe(200)
})

test('a plan that is blind to overhead is worth what it does with it', () => {
  const plan = planFromBlocks(tiny, 'test', [twoSlices])
  const blindCold = plan.instances.map((own) => ({
    ...own,
    tenures: own.tenures.map((tenure) => ({ ...tenure, serveFromSeconds: 100 })),
  }))
  const blind = valueOf(tiny, { ...plan, overhead: 'blind', instances: blindCold })
  expect(blind.objective).toBeCloseTo((8 * 20 * 0.6) / 500, 12)
})

test('a blind retraining is done when its true length is over', () => {
  const plan = planFromBlocks(tiny, 'test', [twoSlices, onThreeSlices(0)])
  const blind = plan.instances.map((own) => ({
    ...own,
    tenures: own.tenures.map((tenure) =>
      tenure.role.kind === 'inference'
        ? tenure
        : {
            ...tenure,
            serveFromSeconds: 100,
            until: { kind: 'retraining-done', expectedSeconds: 104, latestSeconds: 105 } as const,
          },
    ),
  }))
  const value = valueOf(tiny, { ...plan, overhead: 'blind', instances: blind })
  expect(value.objective).toBeCloseTo((5 * 20 * 0.6 + 3 * 20 * 0.8) / 500, 12)
})

test('a share by MPS is worth what an instance of its class is', () => {
  const model = shareModel(must(findGpuModel('a100-80gb')), 'mps')
  const problem = { ...tinyProblem({ model, profileIds: [5] }), isFirstLayoutFree: true }
  const place = { gpu: 0, profileId: 5, start: 3 }
  const role = { kind: 'inference' } as const
  const plan = planFromBlocks(problem, 'test', [
    { place, tenantIndex: 0, fromSlot: 0, untilSlot: 10, role },
  ])
  // 5 % answer 50 a second here: all.
  expect(valueOf(problem, plan).objective).toBeCloseTo((10 * 50 * 0.6) / 500, 12)
})
