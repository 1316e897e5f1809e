import { must } from '../base/assert.ts'
import type { TenantOutlook } from '../control/build-problem.ts'
import type { Site } from '../core/site.ts'
import type { ArrivalOutlook } from './arrival-outlook.ts'

export type Foreseen = { readonly outlook: TenantOutlook; readonly arrivals: ArrivalOutlook }

/**
 * Weight over requests of the run (designs/001, line 10); tenants without requests are left out.
 */
export function withValues(site: Site, foreseen: readonly Foreseen[]): readonly TenantOutlook[] {
  const requests = foreseen.map(({ arrivals }) => arrivals.requestsOfRun)
  const weights = site.tenants.map(({ weight }, i) => (must(requests[i]) > 0 ? weight : 0))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return foreseen.map(({ outlook }, i) => ({
    ...outlook,
    valuePerAnswer: must(requests[i]) > 0 ? must(weights[i]) / (total * must(requests[i])) : 0,
  }))
}
