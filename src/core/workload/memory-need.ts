import { must } from '../../base/assert.ts'
import { profileById } from '../mig/gpu-model.ts'
import type { Takeovers } from '../plan/problem.ts'
import type { Site, SiteTenant } from '../site.ts'

/** What a worker of one tenant takes of a GPU's memory, MiB; null where nothing says it. */
export type MemoryNeed = {
  readonly inferenceMiB: number | null
  readonly retrainingMiB: number | null
}

/**
 * At most what the smallest GPU instance has that it is known to run on: figures say where a model
 * ran, not what it took. `site` is the site by MIG, because shares have no memory of their own.
 */
export function memoryNeedOf(site: Site, tenant: SiteTenant): MemoryNeed {
  const retrains = (k: number) =>
    tenant.retraining.some(({ secondsByClass }) => (secondsByClass[k] ?? null) !== null)
  return {
    inferenceMiB: smallestMiB(site, (k) => (tenant.figures[k] ?? null) !== null),
    retrainingMiB: smallestMiB(site, retrains),
  }
}

/**
 * Which workers fit an instance of each class together, by figures and what the site file says. A
 * site whose GPUs are shared has none: all clients of a GPU take of one memory.
 */
export function takeoversOf({ gpus, classes, tenants }: Site): Takeovers | null {
  if (gpus.some(({ model }) => model.sharing !== undefined)) return null
  return {
    memoryMiB: classes.map(({ gpuModelId, profileId }) => {
      const { model } = must(gpus.find((gpu) => gpu.model.id === gpuModelId))
      return profileById(model, profileId).memoryMiB ?? null
    }),
    inferenceMiB: tenants.map(({ memory }) => memory.inferenceMiB),
    retrainingMiB: tenants.map(({ memory }) => memory.retrainingMiB),
  }
}

function smallestMiB({ gpus, classes }: Site, runsOn: (k: number) => boolean): number | null {
  const sizes = classes.flatMap(({ gpuModelId, profileId }, k) => {
    const model = gpus.find((gpu) => gpu.model.id === gpuModelId)?.model
    if (model === undefined || !runsOn(k)) return []
    return profileById(model, profileId).memoryMiB ?? []
  })
  return sizes.length === 0 ? null : Math.min(...sizes)
}
