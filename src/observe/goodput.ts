import type { RunResult, TenantResult } from './run-result.ts'

/**
 * Goodput and its parts for one tenant over one run: `goodput = sloAttainment x accuracy` exactly,
 * with SLO attainment = answers in time / requests that arrived and accuracy = mean, over the
 * answers in time, of the accuracy of the version that gave them on the data of that moment.
 * Null when nothing arrived: such a tenant is left out of every mean.
 */
export type GoodputParts = {
  readonly goodput: number
  readonly sloAttainment: number
  readonly accuracy: number
}

export function goodputOf(tenant: TenantResult): GoodputParts | null {
  if (tenant.arrived === 0) return null
  const sloAttainment = tenant.inTime / tenant.arrived
  const accuracy = tenant.inTime === 0 ? 0 : tenant.accuracySum / tenant.inTime
  return { goodput: sloAttainment * accuracy, sloAttainment, accuracy }
}

/** Weighted means over the tenants that had arrivals; zeros when none had. */
export function headline(run: RunResult): GoodputParts {
  let weights = 0
  const sum = { goodput: 0, sloAttainment: 0, accuracy: 0 }
  for (const tenant of run.tenants) {
    const parts = goodputOf(tenant)
    if (parts === null) continue
    weights += tenant.weight
    sum.goodput += tenant.weight * parts.goodput
    sum.sloAttainment += tenant.weight * parts.sloAttainment
    sum.accuracy += tenant.weight * parts.accuracy
  }
  if (weights === 0) return sum
  return {
    goodput: sum.goodput / weights,
    sloAttainment: sum.sloAttainment / weights,
    accuracy: sum.accuracy / weights,
  }
}
