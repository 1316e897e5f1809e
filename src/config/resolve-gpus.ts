import { findGpuModel, gpuModels } from '../core/mig/catalog.ts'
import { type GpuModel, profileById } from '../core/mig/gpu-model.ts'
import { baseProfileIds } from '../core/mig/placement.ts'
import type { InstanceClass } from '../core/plan/problem.ts'
import type { SiteGpu } from '../core/site.ts'
import type { SourceDocument } from './document.ts'
import type { SiteConfig } from './schema/site-schema.ts'
import { oneOf } from './suggest.ts'

const gpusMax = 64

/** The GPUs of the site, each with its own id: `gpu-0`, `gpu-1` and so on in file order. */
export function resolveGpus(config: SiteConfig, source: SourceDocument): readonly SiteGpu[] {
  const gpus: SiteGpu[] = []
  for (const [i, { model: id, count, profiles }] of config.gpus.entries()) {
    const model = findGpuModel(id)
    if (model === undefined) {
      const accepted = oneOf(
        gpuModels.map((known) => known.id),
        id,
      )
      const found = JSON.stringify(id)
      throw source.error(['gpus', i, 'model'], { code: 'unknown-name', found, accepted })
    }
    const profileIds =
      profiles?.map((name, j) => {
        const path = ['gpus', i, 'profiles', j]
        return profileNamed(model, name, (complaint) => source.error(path, complaint))
      }) ?? baseProfileIds(model)
    for (let n = 0; n < count; n += 1) {
      gpus.push({ id: `gpu-${gpus.length}`, model, profileIds: [...new Set(profileIds)] })
    }
  }
  if (gpus.length > gpusMax) {
    const found = `${gpus.length} GPUs`
    throw source.error(['gpus'], { code: 'out-of-range', found, accepted: `at most ${gpusMax}` })
  }
  return gpus
}

/** NVML id of the profile with that name; throws what `refuse` makes of an unknown one. */
export function profileNamed(
  model: GpuModel,
  name: string,
  refuse: (complaint: { code: 'unknown-name'; found: string; accepted: string }) => Error,
): number {
  const profile = model.profiles.find((known) => known.name === name)
  if (profile !== undefined) return profile.profileId
  const names = model.profiles.map((known) => known.name)
  const accepted = `a profile of ${model.id}, ${oneOf(names, name)}`
  throw refuse({ code: 'unknown-name', found: JSON.stringify(name), accepted })
}

/** Distinct (GPU model, profile) pairs: models in file order, profiles in the model's order. */
export function classesOf(gpus: readonly SiteGpu[]): readonly InstanceClass[] {
  const models = [...new Set(gpus.map((gpu) => gpu.model))]
  return models.flatMap((model) => {
    const used = new Set(gpus.flatMap((gpu) => (gpu.model === model ? gpu.profileIds : [])))
    return model.profiles
      .filter((profile) => used.has(profile.profileId))
      .map(({ profileId }) => ({
        gpuModelId: model.id,
        profileId,
        name: profileById(model, profileId).name,
      }))
  })
}
