import type { Device, Gpu } from '../devices/device.ts'

/** What people call the GPUs of a node and their profiles. */
export type NodeNames = {
  readonly gpus: readonly Gpu[]
  /** `GPU 0`, or the uuid of one that is not here. */
  readonly gpu: (uuid: string) => string
  /** `1g.10gb`, or `profile 19` where the driver names none. */
  readonly profile: (gpu: string, profileId: number) => string
}

export async function nodeNames(device: Device): Promise<NodeNames> {
  const gpus = await device.gpus()
  const profiles = new Map(
    await Promise.all(
      gpus.map(async ({ uuid }) => {
        const infos = await device.gpuInstanceProfiles(uuid).catch(() => [])
        const names = infos.map(({ profileId, name }) => [profileId, name] as const)
        return [uuid, new Map(names)] as const
      }),
    ),
  )
  return {
    gpus,
    gpu: (uuid) => {
      const found = gpus.find((own) => own.uuid === uuid)
      return found === undefined ? uuid : `GPU ${found.index}`
    },
    profile: (gpu, profileId) => profiles.get(gpu)?.get(profileId) ?? `profile ${profileId}`,
  }
}
