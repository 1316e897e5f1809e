import { must } from '../base/assert.ts'
import type { GpuModel } from '../core/mig/gpu-model.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Site } from '../core/site.ts'
import type { MemoryNeed } from '../core/workload/memory-need.ts'
import type { FixedInstance } from './fixed-instance.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { memoryOf } from './placing/memory-of.ts'

/** The plan that keeps equal shares. Whether a tenant retrains at all is a matter of its site. */
export function equalSharesOutcome(
  site: Site,
  problem: PlanningProblem,
  policy: string,
): PlanOutcome {
  const retrains = (tenant: number) => (site.tenants[tenant]?.retraining.length ?? 0) > 0
  return fixedLayoutOutcome(problem, policy, equalShares(problem, retrains, memoryOf(site)))
}

/**
 * Equal shares of every GPU that its clients share. Tenants are dealt to GPUs in turn (GPUs to
 * tenants, where there are more of those). On the first GPU of a tenant there is one share more to
 * retrain on in turns, if one of the GPU's tenants ever retrains, as `retrains` says. Tenants whose
 * workers its memory does not hold get none.
 */
export function equalShares(
  { gpus, tenants }: Pick<PlanningProblem, 'gpus' | 'tenants'>,
  retrains: (tenant: number) => boolean,
  memory: readonly MemoryNeed[],
): readonly FixedInstance[] {
  return gpus.flatMap(({ model }, gpu): readonly FixedInstance[] => {
    const dealt = tenantsOf(gpu, gpus.length, tenants.length)
    const here = dealt.filter((_, i) => hasMemory(model, memory, dealt.slice(0, i + 1)))
    const hasPool = gpu < Math.max(1, tenants.length) && here.some(retrains)
    const percent = largestShare(model, here.length + (hasPool ? 1 : 0))
    if (percent === null) return []
    const seats = Math.min(here.length, Math.floor(100 / percent))
    const serving = here.slice(0, seats).map((tenant, start): FixedInstance => {
      const place = { gpu, profileId: percent, start }
      return { place, use: { kind: 'inference', tenant } }
    })
    const isRoom = hasPool && seats < Math.floor(100 / percent)
    if (!isRoom) return serving
    const place = { gpu, profileId: percent, start: seats }
    return [...serving, { place, use: { kind: 'pool', tenants: here } }]
  })
}

function tenantsOf(gpu: number, gpuCount: number, tenantCount: number): readonly number[] {
  const all = Array.from({ length: tenantCount }, (_, tenant) => tenant)
  if (gpuCount > tenantCount) return tenantCount === 0 ? [] : [gpu % tenantCount]
  return all.filter((tenant) => tenant % gpuCount === gpu)
}

/** Whether workers of all of these fit, and beside them the largest that any retrains with. */
function hasMemory(
  { profiles }: GpuModel,
  memory: readonly MemoryNeed[],
  tenants: readonly number[],
): boolean {
  const needs = tenants.map((tenant) => memory[tenant])
  const serving = needs.reduce((sum, need) => sum + (need?.inferenceMiB ?? 0), 0)
  const retraining = Math.max(0, ...needs.map((need) => need?.retrainingMiB ?? 0))
  return serving + retraining <= (profiles[0]?.memoryMiB ?? Infinity)
}

/** The largest share that so many can have; the smallest there is where they are too many. */
function largestShare({ profiles }: GpuModel, parties: number): number | null {
  if (parties === 0) return null
  const shares = profiles.map(({ profileId }) => profileId).sort((a, b) => a - b)
  return shares.findLast((percent) => percent * parties <= 100) ?? must(shares[0])
}
