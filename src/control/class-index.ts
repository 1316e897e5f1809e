import { assert } from '../base/assert.ts'
import type { Site } from '../core/site.ts'

/** Which of the site's instance classes a GPU's instances of that profile are. */
export function classIndexIn(site: Site, gpu: number, profileId: number): number {
  const modelId = site.gpus[gpu]?.model.id
  const index = site.classes.findIndex(
    (own) => own.gpuModelId === modelId && own.profileId === profileId,
  )
  assert(index >= 0, `Profile ${profileId} on GPU ${gpu} is no class of ${site.name}`)
  return index
}
