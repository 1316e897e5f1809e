import { describe, expect, test } from 'vitest'
import { shareProblemOf } from '../../../test/share-problem.ts'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import type { InstancePlace } from '../../core/plan/plan-from-blocks.ts'
import type { PlanningProblem, RunningInstance } from '../../core/plan/problem.ts'
import { packer } from './packer.ts'
import type { RetrainingBlock } from './retraining-choices.ts'
import type { Wanted } from './wanted.ts'

const tiny = tinyProblem()
const shared = shareProblemOf(tiny, 'mps')

function serving(tenantIndex: number, ...sizes: readonly number[]): readonly Wanted[] {
  return sizes.map((size) => ({ size, tenantIndex, role: 'inference' }))
}

function runs(tenant: string, profileId: number, start: number, gpu = 0): RunningInstance {
  const worker = { tenant, role: 'inference', readyInSeconds: 0 } as const
  return { id: `${gpu}/${profileId}@${start}`, gpu, profileId, start, worker }
}

function placesOf(problem: PlanningProblem, wanted: readonly Wanted[]): readonly string[] {
  const places = packer(problem, [], []).place(wanted)
  return must(places).map(
    ({ gpu, profileId, start }: InstancePlace) => `${gpu}:${profileId}@${start}`,
  )
}

describe('on GPUs by MIG', () => {
  test('fits what some layout holds, in any order', () => {
    const { fits } = packer(tiny, [], [])
    expect(fits(serving(0, 3, 4))).toBe(true)
    expect(fits(serving(0, 3, 3, 1))).toBe(false)
    expect(fits(serving(0, 5))).toBe(false)
    expect(fits([])).toBe(true)
  })

  test('whoever serves on such an instance keeps it', () => {
    const running = [runs('b', 14, 4), runs('a', 14, 0)]
    const wanted = [...serving(0, 2), ...serving(1, 2, 1)]
    const [a, b] = placesOf({ ...tiny, running }, wanted)
    expect([a, b]).toEqual(['0:14@0', '0:14@4'])
  })

  test('leaves blocked slices and retrainings that stay alone', () => {
    const gpus = tiny.gpus.map((gpu) => ({
      ...gpu,
      blocked: [{ start: 0, size: 1, reason: 'failed' as const }],
    }))
    const role = { kind: 'retraining', configurationId: 'full', resumes: true } as const
    const place = { gpu: 0, profileId: 9, start: 4 }
    const staying: RetrainingBlock = { place, tenantIndex: 0, fromSlot: 0, role }
    const { fits } = packer({ ...tiny, gpus }, [staying], [])
    expect(fits(serving(1, 2, 1))).toBe(true)
    expect(fits(serving(1, 2, 1, 1))).toBe(false)
    expect(fits(serving(1, 3))).toBe(false)
  })

  test('goes to the GPU where the tenant serves already', () => {
    const [gpu] = tiny.gpus
    const gpus = [must(gpu), { ...must(gpu), id: 'gpu-1' }]
    const problem = { ...tiny, gpus, running: [runs('a', 9, 4, 1)] }
    expect(placesOf(problem, serving(0, 3))).toEqual(['1:9@4'])
    expect(packer(problem, [], []).fits(serving(0, 7, 4, 3))).toBe(true)
    expect(packer(problem, [], []).fits(serving(0, 7, 4, 4))).toBe(false)
  })
})

describe('on shared GPUs', () => {
  test('fits up to 100 %, wherever who sits', () => {
    const { fits } = packer(shared, [], [])
    expect(fits(serving(0, 35, 25, 40))).toBe(true)
    expect(fits(serving(0, 35, 25, 45))).toBe(false)
    expect(fits(serving(0, 7))).toBe(false)
  })

  test('who has a share of that size keeps its seat; others get empty ones', () => {
    const running = [runs('a', 30, 0), runs('b', 40, 1)]
    const wanted = [...serving(0, 50), ...serving(1, 40)]
    expect(placesOf({ ...shared, running }, wanted)).toEqual(['0:50@2', '0:40@1'])
  })

  test('memory holds all workers, or they do not fit', () => {
    const need = { inferenceMiB: 30_000, retrainingMiB: 25_000 }
    const { fits } = packer(shared, [], [need, need])
    const both = [...serving(0, 40), ...serving(1, 40)]
    expect(fits(both)).toBe(true)
    expect(fits([...both, { size: 20, tenantIndex: 0, role: 'retraining' }])).toBe(false)
  })
})
