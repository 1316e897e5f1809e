import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import type { PolicyContext } from './context.ts'
import type { FixedInstance } from './fixed-instance.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'

/** The layout of the site's file, kept. */
export function createStatic({ site }: PolicyContext): Policy {
  const layout = layoutOf(site)
  return {
    name: 'static',
    describe:
      'Keeps the layout of the site file. A retraining instance trains for its tenant whatever ' +
      'configuration gains most in the window, if any gains.',
    mechanism: 'mig',
    epochs: ['window-start', 'retraining-done', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) =>
      layout === null ? noLayout(site) : fixedLayoutOutcome(problem, 'static', layout),
  }
}

function layoutOf(site: Site): readonly FixedInstance[] | null {
  if (site.staticLayout === null) return null
  return site.staticLayout.map(({ gpu, profileId, start, tenant, role }) => {
    const index = site.tenants.findIndex(({ id }) => id === tenant)
    const use =
      role === 'inference'
        ? ({ kind: 'inference', tenant: index } as const)
        : ({ kind: 'pool', tenants: [index] } as const)
    return { place: { gpu, profileId, start }, use }
  })
}

function noLayout({ name }: Site): PlanOutcome {
  const work = { steps: 0, chargedSeconds: 0 }
  return { status: 'infeasible', reason: `Site ${name} gives no static layout`, work }
}
