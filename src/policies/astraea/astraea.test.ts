import { describe, expect, test } from 'vitest'
import { siteOf } from '../../../test/site-of.ts'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { createAstraea, createAstraeaMig } from './astraea.ts'
import {
  type Deployment,
  type DeploymentProblem,
  equalDeployment,
  excessOf,
  loadFactor,
  lowLoadDeployment,
  type Pipeline,
  peakLoadDeployment,
  sizesOf,
} from './deployment.ts'
import { trainPredictor } from './predictor.ts'
import { growTree, predict } from './regression-tree.ts'

const sizes = Array.from({ length: 20 }, (_, i) => 5 * (i + 1))

/** A stage that answers `rps` requests per second per per cent, each in `seconds` on 100 %. */
function stage(rps: number, seconds = 0.01) {
  return {
    throughputRps: (size: number) => rps * size,
    durationSeconds: (size: number) => (seconds * 100) / size,
    bandwidthShare: () => 0,
    memoryMiB: 0,
  }
}

function pipeline(demandRps: number, rps = 1): Pipeline {
  return { stages: [stage(rps)], qosSeconds: 1, communicationSeconds: 0, demandRps }
}

function problemOf(
  pipelines: readonly Pipeline[],
  limits: Partial<DeploymentProblem['limits']> = {},
): DeploymentProblem {
  const room = { gpus: 1, sizePerGpu: 100, clientsPerGpu: 48, memoryMiBPerGpu: Infinity, sizes }
  return { pipelines, limits: { ...room, ...limits } }
}

/** Every deployment of two single-stage pipelines with up to three instances each. */
function bestFactor(problem: DeploymentProblem): number {
  const options = [1, 2, 3].flatMap((instances) => sizes.map((size) => ({ instances, size })))
  let best = 0
  for (const a of options) {
    for (const b of options) {
      const deployment: Deployment = [[a], [b]]
      if (excessOf(problem, deployment) === 0) {
        best = Math.max(best, loadFactor(problem, deployment))
      }
    }
  }
  return best
}

describe('peak load (P1)', () => {
  test('finds what trying everything finds', () => {
    for (const demands of [
      [60, 20],
      [10, 10],
      [90, 5],
    ] as const) {
      const problem = problemOf(demands.map((demand) => pipeline(demand)))
      const { deployment } = peakLoadDeployment(problem, equalDeployment(problem), new Rng(1))
      expect(excessOf(problem, deployment)).toBe(0)
      expect(loadFactor(problem, deployment)).toBeGreaterThan(0.95 * bestFactor(problem))
    }
  })

  test('balances the stages of a pipeline: the slowest one counts', () => {
    const stages = [stage(1), stage(3)]
    const line = { stages, qosSeconds: 1, communicationSeconds: 0, demandRps: 1 }
    const problem = problemOf([line])
    const { deployment } = peakLoadDeployment(problem, equalDeployment(problem), new Rng(1))
    // 75 % and 25 % answer 75 a second both.
    expect(loadFactor(problem, deployment)).toBe(75)
  })

  test('keeps every limit: clients, memory, bandwidth, time, and what can be placed', () => {
    const [own] = pipeline(10).stages
    const one = (change: Partial<typeof own>, limits = {}) => {
      const changed = { ...pipeline(10), stages: [{ ...must(own), ...change }] }
      const problem = problemOf([changed], limits)
      const { deployment } = peakLoadDeployment(problem, equalDeployment(problem), new Rng(2))
      expect(excessOf(problem, deployment)).toBe(0)
      return must(deployment[0]?.[0])
    }
    const slowerAlone = { throughputRps: (size: number) => Math.sqrt(size) }
    expect(one(slowerAlone).instances).toBeGreaterThan(10)
    expect(one(slowerAlone, { clientsPerGpu: 2 }).instances).toBe(2)
    expect(one({ ...slowerAlone, memoryMiB: 10 }, { memoryMiBPerGpu: 35 }).instances).toBe(3)
    expect(one({ ...slowerAlone, bandwidthShare: () => 0.26 }).instances).toBe(3)
    expect(one({ ...slowerAlone, durationSeconds: (size) => 40 / size }).instances).toBe(2)
    const odd = (held: Deployment) => sizesOf(held).length % 2 === 1
    expect(one(slowerAlone, { fits: odd }).instances % 2).toBe(1)
  })

  test('is the same for the same seed', () => {
    const problem = problemOf([pipeline(60), pipeline(20)])
    const of = () => peakLoadDeployment(problem, equalDeployment(problem), new Rng(3))
    expect(of()).toEqual(of())
  })
})

test('low load (P2) takes the least that answers the demand', () => {
  const problem = problemOf([pipeline(31), pipeline(9)])
  const { deployment } = lowLoadDeployment(problem, equalDeployment(problem), new Rng(1))
  expect(loadFactor(problem, deployment)).toBeGreaterThanOrEqual(1)
  expect(sizesOf(deployment).reduce((sum, size) => sum + size, 0)).toBe(45)
})

describe('the predictor', () => {
  test('a tree splits where the error falls most, and predicts the means', () => {
    const samples = [1, 2, 3, 10, 11, 12].map((x) => ({ features: [0, x], value: x < 5 ? 1 : 4 }))
    const tree = growTree(samples, 1)
    expect(tree).toMatchObject({ kind: 'split', feature: 1, threshold: 6.5 })
    expect(predict(tree, [0, 4])).toBe(1)
    expect(predict(tree, [9, 99])).toBe(4)
  })

  test('leaves have at least so many samples', () => {
    const samples = [1, 2, 3, 4].map((x) => ({ features: [x], value: x }))
    const leaves = (tree: ReturnType<typeof growTree>): number =>
      tree.kind === 'leaf' ? 1 : leaves(tree.low) + leaves(tree.high)
    expect(leaves(growTree(samples, 1))).toBe(4)
    expect(leaves(growTree(samples, 2))).toBe(2)
  })

  test('knows what it was trained on, and is near between', () => {
    const executions = [10, 20, 40, 80].flatMap((size) =>
      [1, 2, 4, 8].map((items) => ({ size, items, seconds: (1 + items) / size })),
    )
    const predictor = trainPredictor(executions)
    expect(predictor.durationSeconds(40)).toBeCloseTo(9 / 40)
    expect(predictor.throughput(40)).toBeCloseTo((8 * 40) / 9)
    expect(predictor.throughput(30) / ((8 * 30) / 9)).toBeGreaterThan(0.6)
    expect(predictor.throughput(5)).toBe(0)
  })
})

describe('the adapter', () => {
  const tiny = { ...tinyProblem(), isFirstLayoutFree: true }
  const loaded = (rps: number): PlanningProblem => ({
    ...tiny,
    tenants: tiny.tenants.map((own) => ({
      ...own,
      arrivals: { ...own.arrivals, meanRps: own.arrivals.meanRps.map(() => rps) },
    })),
  })
  const rolesOf = (problem: PlanningProblem) => {
    const policy = createAstraeaMig({ site: siteOf(problem), solver: null, hindsight: null })
    const outcome = policy.plan(problem)
    if (outcome.status === 'infeasible') throw new Error(outcome.reason)
    return outcome.plan.instances.map(({ tenures }) => must(tenures[0]).role.kind).sort()
  }

  test('at low load serves with the least and retrains with the rest', () => {
    // 15 / 0.8 a second each: two slices; three are left, one for each and one too many.
    expect(rolesOf(loaded(15))).toEqual(['inference', 'inference', 'retraining', 'retraining'])
  })

  test('at high load leaves the smallest instance to retrain, where that is of use', () => {
    const roles = rolesOf(loaded(50))
    expect(roles.filter((role) => role === 'retraining').length).toBeLessThanOrEqual(1)
    expect(roles.filter((role) => role === 'inference').length).toBeGreaterThanOrEqual(2)
  })

  test('says that it is reconstructed', () => {
    const context = { site: siteOf(tiny), solver: null, hindsight: null }
    expect(createAstraea(context).describe).toMatch(/reconstructed/)
    expect(createAstraeaMig(context).describe).toMatch(/reconstructed/)
  })
})
