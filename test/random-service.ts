import { must } from '../src/base/assert.ts'
import type { Rng } from '../src/base/rng.ts'
import type { GpuModel } from '../src/core/mig/gpu-model.ts'
import { enumerateProfileCounts } from '../src/core/mig/profile-counts.ts'
import type { InstanceClass } from '../src/core/plan/problem.ts'
import type { ServiceCurve, ServiceTable } from '../src/core/workload/service-table.ts'
import type { ServingCapability } from '../src/core/workload/serving.ts'

/** Offered load over capacity; dense where a queue turns from calm to overloaded. */
const loads = [0, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.6, 2.5, 5]

/**
 * A service table over every set of instances that one GPU of a model can hold, for a tenant whose
 * capacity on class k is `capacityRps[k]` (0: it cannot serve there). The share in time at load x of
 * n instances is 1 / (1 + x^p)^(1/p) with p = 2 + n: it falls with the load, tends to the fluid limit
 * min(1, 1/x) as n grows, and a set with an instance more is never worse.
 */
export function serviceTableOf(
  classes: readonly InstanceClass[],
  gpus: readonly { readonly model: GpuModel; readonly profileIds: readonly number[] }[],
  capacityRps: readonly number[],
): ServiceTable {
  const sets = new Map<string, ServiceCurve>()
  for (const { model, profileIds } of gpus) {
    for (const { counts } of enumerateProfileCounts(model, profileIds)) {
      const byClass = classes.map(({ gpuModelId, profileId }, k) =>
        gpuModelId === model.id && must(capacityRps[k]) > 0 ? (counts.get(profileId) ?? 0) : 0,
      )
      if (byClass.some((count) => count > 0))
        sets.set(byClass.join(), curveOf(byClass, capacityRps))
    }
  }
  return { classCount: classes.length, loads, sets: [...sets.values()] }
}

function curveOf(counts: readonly number[], capacityRps: readonly number[]): ServiceCurve {
  const instances = counts.reduce((sum, count) => sum + count, 0)
  const power = 2 + instances
  return {
    counts,
    capacityRps: counts.reduce((sum, count, k) => sum + count * must(capacityRps[k]), 0),
    inTimeShare: loads.map((load) => (1 + load ** power) ** (-1 / power)),
  }
}

/**
 * How a tenant serves on each class, null with probability `cannotShare` where the class is small:
 * capacity grows a little less than the compute slices do, by a random exponent.
 */
export function randomServing(
  rng: Rng,
  slicesByClass: readonly number[],
  options: { readonly itemsPerSecondOnOneSlice: number; readonly cannotShare: number },
): readonly (ServingCapability | null)[] {
  const exponent = 0.75 + 0.35 * rng.uniform()
  const tooSmall = rng.uniform() < options.cannotShare ? Math.min(...slicesByClass) : 0
  return slicesByClass.map((slices) => {
    if (slices <= tooSmall) return null
    const capacityItemsPerSecond = options.itemsPerSecondOnOneSlice * slices ** exponent
    const itemsMax = 8
    const latencySeconds = Array.from({ length: itemsMax + 1 }, (_, items) =>
      items === 0 ? 0 : (0.3 * itemsMax + 0.7 * items) / capacityItemsPerSecond,
    )
    return { itemsMax, latencySeconds, capacityItemsPerSecond, provenance: 'derived' }
  })
}
