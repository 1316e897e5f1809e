import { profileById } from '../mig/gpu-model.ts'
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

function smallestMiB({ gpus, classes }: Site, runsOn: (k: number) => boolean): number | null {
  const sizes = classes.flatMap(({ gpuModelId, profileId }, k) => {
    const model = gpus.find((gpu) => gpu.model.id === gpuModelId)?.model
    if (model === undefined || !runsOn(k)) return []
    return profileById(model, profileId).memoryMiB ?? []
  })
  return sizes.length === 0 ? null : Math.min(...sizes)
}
