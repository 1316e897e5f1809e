import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fixedPolicy } from '../../test/fixed-policy.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { a100Gb80 } from '../core/mig/catalog/a100-80gb.ts'
import { enumerateLayouts } from '../core/mig/layout.ts'
import { baseProfileIds } from '../core/mig/placement.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { StaticInstance } from '../core/site.ts'
import { simulate } from './run.ts'
import { serviceTables } from './service-tables.ts'

const text = literalSite
  .replace('window: 100s', 'window: 40s')
  .replace('duration: 300s', 'duration: 160s')
  .replace('mean: 300/s', 'mean: 100/s')
const site = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
const services = serviceTables(site)
const layouts = enumerateLayouts(a100Gb80, baseProfileIds(a100Gb80))

/** Any layout and any holders, anew at every plan; one instance at most trains. */
function randomLayoutFor(rng: Rng): (problem: PlanningProblem) => readonly StaticInstance[] {
  return ({ tenants }) => {
    let isTrained = false
    return must(layouts[rng.integer(layouts.length)]).placed.flatMap(
      ({ profile, start }): StaticInstance[] => {
        const { profileId } = profile
        const tenant = must(tenants[rng.integer(tenants.length)])
        const classIndex = site.classes.findIndex((own) => own.profileId === profileId)
        const own = { gpu: 0, profileId, start, tenant: tenant.id }
        const trains = rng.uniform() < 0.3 && !isTrained && tenant.id === 'vision'
        if (trains) isTrained = true
        if (trains) return [{ ...own, role: 'retraining' }]
        return tenant.serving[classIndex] ? [{ ...own, role: 'inference' }] : []
      },
    )
  }
}

test('whatever the layouts and whatever fails, the books balance and no rule is broken', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.boolean(), (seed, hasFaults) => {
      const rng = new Rng(seed)
      const policy = fixedPolicy(randomLayoutFor(rng.split('layouts')), {
        epochs: ['window-start', 'retraining-done', 'deviation', 'failure'],
        planningSecondsMax: rng.integer(5),
      })
      const faults = Array.from({ length: hasFaults ? 4 : 0 }, () => {
        const atSeconds = 160 * rng.uniform()
        const recoversSeconds = rng.uniform() < 0.5 ? atSeconds + 10 : null
        return { atSeconds, gpu: 0, slice: rng.integer(8), recoversSeconds }
      })
      const result = simulate({ site, policy, seed, services, faults })
      for (const { arrived, inTime, late, shed, failed, lost, perWindow } of result.tenants) {
        expect(inTime + late + shed + failed + lost).toBe(arrived)
        if (!hasFaults) expect(failed).toBe(0)
        for (const { goodput } of perWindow) expect(goodput).toBeLessThanOrEqual(1)
      }
      for (const { fromSeconds, untilSeconds } of result.timeline) {
        expect(fromSeconds).toBeLessThan(untilSeconds)
        expect(untilSeconds).toBeLessThanOrEqual(160)
      }
      expect(result.instancesDestroyed).toBeLessThanOrEqual(result.instancesCreated)
      expect(result.gpuSecondsUsed).toBeLessThanOrEqual(160)
    }),
    { numRuns: 25 },
  )
})
