import { layoutFrom } from '../core/mig/layout.ts'
import type { Device, Gpu, MigModeState } from '../devices/device.ts'
import type { MigPartedFile } from '../mig-parted/mig-parted-file.ts'
import { type KnownGpu, targetsOf } from '../mig-parted/targets.ts'
import { type Target, wantedOf } from '../reconfigure/change-layout.ts'
import { driverModel } from '../reconfigure/driver-model.ts'
import type { ExplainedRefusal } from '../reconfigure/explain-refusal.ts'

export type MigPartedTargets =
  | { readonly kind: 'targets'; readonly targets: readonly Target[] }
  | { readonly kind: 'refused'; readonly refusals: readonly ExplainedRefusal[] }

type Known = { readonly gpu: Gpu; readonly mode: MigModeState; readonly known: KnownGpu | null }

/** The layouts that a configuration asks of this node's GPUs; a MIG mode is never switched. */
export async function migPartedTargets(
  device: Device,
  file: MigPartedFile,
  config: string,
): Promise<MigPartedTargets> {
  const gpus = await device.gpus()
  const absent = absentDevices(file, config, gpus)
  if (absent.length > 0) return refused(...absent.map((index) => noSuchGpu(index, gpus)))
  const all = await Promise.all(gpus.map((gpu) => readGpu(device, gpu)))
  const result = targetsOf(
    file,
    config,
    all.map(({ gpu, known }) => known ?? withoutMig(gpu)),
  )
  const nameOf = (uuid: string): string =>
    `GPU ${gpus.find((own) => own.uuid === uuid)?.index ?? uuid}`
  switch (result.kind) {
    case 'no-such-config':
      return refused({ what: `there is no ${config}`, fix: `take ${result.known.join(', ')}` })
    case 'no-such-profile': {
      const own = all.find(({ gpu }) => gpu.uuid === result.gpu)
      if (own?.known === null) return refused(modeDiffers(own.gpu, true))
      const names = own?.known.layout.model.profiles.map(({ name }) => name).join(', ')
      const what = `${nameOf(result.gpu)} has no profile ${result.name}`
      return refused({ what, fix: `its profiles: ${names}` })
    }
    case 'does-not-fit': {
      const what = `what ${config} asks of ${nameOf(result.gpu)} does not fit together`
      return refused({ what, fix: 'ask for fewer or smaller instances' })
    }
    case 'targets':
      break
  }
  const refusals = result.targets.flatMap(({ gpu, migEnabled }) => {
    const own = all.find((other) => other.gpu.uuid === gpu)
    return own === undefined || isEnabled(own.mode) === migEnabled
      ? []
      : [modeDiffers(own.gpu, migEnabled)]
  })
  if (refusals.length > 0) return refused(...refusals)
  const targets = result.targets.flatMap(({ gpu, layout }) =>
    layout === null ? [] : [{ gpu, wanted: wantedOf(layout) }],
  )
  return { kind: 'targets', targets }
}

async function readGpu(device: Device, gpu: Gpu): Promise<Known> {
  const mode = await device.migMode(gpu.uuid)
  if (!isEnabled(mode)) return { gpu, mode, known: null }
  const model = driverModel(gpu, await device.gpuInstanceProfiles(gpu.uuid))
  const placed = (await device.gpuInstances(gpu.uuid)).flatMap(({ profileId, placement }) => {
    const profile = model.profiles.find((own) => own.profileId === profileId)
    return profile === undefined ? [] : [{ profile, start: placement.start }]
  })
  const result = layoutFrom(model, placed)
  const { uuid, index, pciDeviceId } = gpu
  const known =
    result.kind === 'placed' ? { index, gpu: uuid, pciDeviceId, layout: result.layout } : null
  return { gpu, mode, known }
}

/** A GPU without instances and profiles: all that can be asked of it is to stay as it is. */
function withoutMig(gpu: Gpu): KnownGpu {
  const empty = layoutFrom(driverModel(gpu, []), [])
  if (empty.kind !== 'placed') throw new Error('An empty layout is always legal')
  const { uuid, index, pciDeviceId } = gpu
  return { index, gpu: uuid, pciDeviceId, layout: empty.layout }
}

function absentDevices(
  { configs }: MigPartedFile,
  config: string,
  gpus: readonly Gpu[],
): readonly number[] {
  const named = (configs.get(config) ?? []).flatMap(({ devices }) =>
    devices === 'all' ? [] : devices,
  )
  return [...new Set(named)].filter((index) => gpus.every((gpu) => gpu.index !== index))
}

function isEnabled(mode: MigModeState): boolean {
  return mode.kind === 'supported' && mode.current === 'enabled'
}

function noSuchGpu(index: number, gpus: readonly Gpu[]): ExplainedRefusal {
  const known = gpus.map((gpu) => gpu.index).join(', ') || 'none'
  return { what: `GPU ${index} is not on this node`, fix: `GPUs here: ${known}` }
}

function modeDiffers({ index }: Gpu, wanted: boolean): ExplainedRefusal {
  const [is, mode] = wanted ? ['disabled', 1] : ['enabled', 0]
  const what = `the MIG mode of GPU ${index} is ${is}, and is never switched by the way`
  return {
    what,
    fix: `nvidia-smi -i ${index} -mig ${mode} (on an A100 or A30 this resets the GPU)`,
  }
}

function refused(...refusals: readonly ExplainedRefusal[]): MigPartedTargets {
  return { kind: 'refused', refusals }
}
