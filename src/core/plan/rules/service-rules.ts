import { must } from '../../../base/assert.ts'
import { inTimeRps } from '../../workload/service-table.ts'
import { onTenure, type PlanRule, type TenureUnderCheck } from './subject.ts'

/** Rules about what tenants get: lines 6 and 7 of designs/001. */

export const servesOnlyWhereItCan: PlanRule = ({ tenures }) =>
  tenures.flatMap((own) => {
    const { tenant, tenure, of } = own
    if (tenant === null || tenure.role.kind !== 'inference' || of.classIndex < 0) return []
    return (tenant.serving[of.classIndex] ?? null) !== null
      ? []
      : [onTenure(own, 'cannot serve on instances of that class')]
  })

export const floorsAreKept: PlanRule = ({ problem, tenures }) =>
  problem.tenants.flatMap((tenant) => {
    const { sloAttainmentMin, arrivals, service, id } = tenant
    if (sloAttainmentMin === null) return []
    const size = { slotCount: problem.slotCount, classCount: problem.classes.length }
    const counts = servingAsPlanned(tenures, id, size)
    let arrived = 0
    let inTime = 0
    for (const [t, rps] of arrivals.meanRps.entries()) {
      arrived += rps
      inTime += inTimeRps(service, must(counts[t]), rps, arrivals.dispersion)
    }
    if (inTime >= (sloAttainmentMin - 1e-9) * arrived) return []
    const share = (inTime / arrived).toFixed(4)
    const message = `${id} has ${share} of its requests answered in time, not ${sloAttainmentMin}`
    return [{ message, instance: null, tenant: id, atSeconds: problem.startSeconds }]
  })

/** The slots of [from, until) inside the problem. */
function slotsBetween(from: number, until: number, slotCount: number): readonly number[] {
  const first = Math.max(0, Math.ceil(from))
  const last = Math.min(slotCount, until)
  return Array.from({ length: Math.max(0, Math.ceil(last - first)) }, (_, i) => first + i)
}

/** Instances of each class that serve the tenant, by slot, as the plan says. */
function servingAsPlanned(
  tenures: readonly TenureUnderCheck[],
  tenantId: string,
  size: { readonly slotCount: number; readonly classCount: number },
): readonly (readonly number[])[] {
  const counts = Array.from({ length: size.slotCount }, () => Array(size.classCount).fill(0))
  for (const { of, tenure, serveFrom, until } of tenures) {
    if (tenure.role.kind !== 'inference' || tenure.tenant !== tenantId || of.classIndex < 0)
      continue
    for (const t of slotsBetween(serveFrom, until, size.slotCount)) {
      must(counts[t])[of.classIndex] += 1
    }
  }
  return counts
}
