import type { GpuModel } from '../core/mig/gpu-model.ts'
import type { InstanceClass, Takeovers } from '../core/plan/problem.ts'
import type { Site } from '../core/site.ts'
import { takeoversOf } from '../core/workload/memory-need.ts'

/** What GPU instances have, and what workers take on them: a row for each of `tenants`. */
export type InstanceMemory = Takeovers & {
  readonly classes: readonly InstanceClass[]
  readonly tenants: readonly string[]
}

/** Null for a site whose GPUs are shared: no instance there has memory of its own. */
export function instanceMemoryOf(site: Site): InstanceMemory | null {
  const takeovers = takeoversOf(site)
  if (takeovers === null) return null
  return { ...takeovers, classes: site.classes, tenants: site.tenants.map(({ id }) => id) }
}

/** Whether an instance of that profile is known to hold all of these workers at once. */
export function holdsTogether(
  memory: InstanceMemory | null,
  instance: { readonly model: GpuModel; readonly profileId: number },
  workers: readonly { readonly tenant: string; readonly kind: 'inference' | 'retraining' }[],
): boolean {
  if (memory === null) return false
  const { model, profileId } = instance
  const k = memory.classes.findIndex(
    (own) => own.gpuModelId === model.id && own.profileId === profileId,
  )
  const needs = workers.map(({ tenant, kind }) => {
    const byClass = kind === 'inference' ? memory.inferenceMiB : memory.retrainingMiB
    return byClass[memory.tenants.indexOf(tenant)]?.[k] ?? Number.POSITIVE_INFINITY
  })
  return needs.reduce((sum, need) => sum + need, 0) <= (memory.memoryMiB[k] ?? 0)
}
