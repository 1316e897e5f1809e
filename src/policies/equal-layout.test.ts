import { expect, test } from 'vitest'
import { siteOf } from '../../test/site-of.ts'
import { tinyProblem } from '../../test/tiny-problem.ts'
import { must } from '../base/assert.ts'
import type { PlanningTenant } from '../core/plan/problem.ts'
import type { Site } from '../core/site.ts'
import { equalLayout } from './equal-layout.ts'

const tiny = tinyProblem()

function siteWith(
  tenantCount: number,
  gpuCount = 1,
  change: (tenant: PlanningTenant) => Partial<PlanningTenant> = () => ({}),
): Site {
  const like = must(tiny.tenants[0])
  const tenants = Array.from({ length: tenantCount }, (_, w) => ({ ...like, id: `t${w}` }))
  const gpus = Array.from({ length: gpuCount }, (_, g) => ({ ...must(tiny.gpus[0]), id: `g${g}` }))
  return siteOf({ ...tiny, gpus, tenants: tenants.map((own) => ({ ...own, ...change(own) })) })
}

/** `gpu: profile@start=holder …`, as people write it. */
function textOf(site: Site): string {
  const names = new Map(tiny.classes.map(({ profileId, name }) => [profileId, name.slice(0, 2)]))
  return equalLayout(site)
    .map(({ place: { gpu, profileId, start }, use }) => {
      const holder = use.kind === 'pool' ? `pool(${use.tenants.join()})` : use.tenant
      return `${gpu}:${names.get(profileId)}@${start}=${holder}`
    })
    .join(' ')
}

test('tenants get the same profile, the largest that leaves room to retrain', () => {
  expect(textOf(siteWith(1))).toBe('0:4g@0=0 0:3g@4=pool(0)')
  expect(textOf(siteWith(2))).toMatch(/^0:2g@\d=0 0:2g@\d=1 0:3g@\d=pool\(0,1\)$/)
  expect(textOf(siteWith(3))).toMatch(/^0:2g@0=0 0:2g@2=1 0:2g@4=2 0:1g@6=pool\(0,1,2\)$/)
  expect(textOf(siteWith(4))).toMatch(/^(0:1g@\d=\d ){4}0:3g@\d=pool\(0,1,2,3\)$/)
})

test('without retraining the whole GPU serves', () => {
  const none = () => ({ retraining: [] })
  expect(textOf(siteWith(1, 1, none))).toBe('0:7g@0=0')
  expect(textOf(siteWith(2, 1, none))).toBe('0:3g@0=0 0:3g@4=1')
})

test('seven tenants leave no room to retrain, and an eighth gets nothing', () => {
  expect(textOf(siteWith(7)).split(' ')).toHaveLength(7)
  expect(textOf(siteWith(8))).not.toContain('=7')
})

test('a profile on which a tenant cannot serve is not taken if another serves more', () => {
  const twoSlices = tiny.classes.findIndex(({ name }) => name.startsWith('2g'))
  const picky = ({ serving }: PlanningTenant) => ({
    serving: serving.map((way, k) => (k === twoSlices ? null : way)),
  })
  expect(textOf(siteWith(2, 1, picky))).not.toContain('2g')
})

test('several GPUs share the tenants out, several tenants the GPUs', () => {
  expect(textOf(siteWith(2, 2))).toBe('0:4g@0=0 0:3g@4=pool(0) 1:4g@0=1 1:3g@4=pool(1)')
  expect(textOf(siteWith(1, 2))).toBe('0:4g@0=0 0:3g@4=pool(0) 1:7g@0=0')
})
