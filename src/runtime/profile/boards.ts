import { findGpuModel } from '../../core/mig/catalog.ts'
import type { Context } from '../../reconfigure/context.ts'
import { matchGpus } from '../../reconfigure/match-gpus.ts'

/** GPUs of the node that are one GPU model of the catalogue. */
export type Board = {
  /** Id of the GPU model. */
  readonly model: string
  /** As the driver gives it. */
  readonly name: string
  /** Names are `GPU 0` and so on. */
  readonly gpus: readonly { readonly uuid: string; readonly name: string }[]
}

/** The GPUs here of each of those models; one without any has none. */
export async function boardsHere(
  { device }: Context,
  models: readonly string[],
): Promise<readonly Board[]> {
  const node = await Promise.all(
    (await device.gpus()).map(async (gpu) => ({
      gpu,
      profiles: await device.gpuInstanceProfiles(gpu.uuid),
    })),
  )
  return models.map((id): Board => {
    const model = findGpuModel(id)
    const own = node.filter((each) => model && matchGpus([model], [each]).kind === 'matched')
    const gpus = own.map(({ gpu }) => ({ uuid: gpu.uuid, name: `GPU ${gpu.index}` }))
    return { model: id, name: own[0]?.gpu.name ?? id, gpus }
  })
}
