import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomPlan } from '../../../test/random-plan.ts'
import { randomProblem } from '../../../test/random-problem.ts'
import { tinyProblem } from '../../../test/tiny-problem.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { gpuModels } from '../mig/catalog.ts'
import { checkLayout } from '../mig/layout.ts'
import { allPlacements, type PlacedProfile } from '../mig/placement.ts'
import { type BreachCode, checkPlan } from './check.ts'
import { type Block, planFromBlocks } from './plan-from-blocks.ts'

const spaceCodes: readonly BreachCode[] = [
  'overlap',
  'compute-slices',
  'instance-count',
  'media-engines',
]

/** Inference throughout, of tenants in turn, on each of these places. */
function blocksOn(placed: readonly PlacedProfile[]): readonly Block[] {
  return placed.map(({ profile, start }, index) => ({
    place: { gpu: 0, profileId: profile.profileId, start },
    tenantIndex: index % 2,
    fromSlot: index,
    untilSlot: 10,
    role: { kind: 'inference' },
  }))
}

for (const model of gpuModels) {
  test(`check and geometry agree on which instances of an ${model.id} can exist together`, () => {
    const profileIds = model.profiles.map(({ profileId }) => profileId)
    const problem = tinyProblem({ model, profileIds })
    const places = allPlacements(model, profileIds)
    let legal = 0
    for (let seed = 0; seed < 150; seed += 1) {
      const rng = new Rng(seed, model.id)
      const count = 1 + rng.integer(4)
      const placed = Array.from({ length: count }, () => must(places[rng.integer(places.length)]))
      if (new Set(placed).size < count) continue
      const plan = planFromBlocks(problem, 'test', blocksOn(placed))
      const check = checkPlan(problem, plan)
      const codes = check.kind === 'legal' ? [] : check.breaches.map(({ code }) => code)
      expect(codes.filter((code) => !spaceCodes.includes(code))).toEqual([])
      expect(codes.length === 0).toBe(checkLayout(model, placed) === null)
      if (codes.length === 0) legal += 1
    }
    expect(legal).toBeGreaterThan(20)
  })
}

test('a legal plan stays legal without one of its instances or tenures', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), (seed) => {
      const problem = randomProblem(new Rng(seed), { size: 'small' })
      const plan = randomPlan(new Rng(seed, 'plan'), problem)
      for (const gone of plan.instances) {
        const instances = plan.instances.filter((own) => own !== gone)
        expect(checkPlan(problem, { ...plan, instances }).kind).toBe('legal')
        const shorter = plan.instances.map((own) =>
          own === gone ? { ...own, tenures: own.tenures.slice(0, -1) } : own,
        )
        expect(checkPlan(problem, { ...plan, instances: shorter }).kind).toBe('legal')
      }
    }),
    { numRuns: 25 },
  )
})
