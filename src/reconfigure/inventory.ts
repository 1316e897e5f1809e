import type { GpuInstance } from '../devices/device.ts'
import { type Context, wholeOf } from './context.ts'
import type { OwnedInstance, Place } from './journal.ts'
import { isSamePlace } from './ledger.ts'

/** What is on a GPU, by whose it is. */
export type Inventory = {
  readonly owned: readonly OwnedInstance[]
  /** Not made by this program, or replaced by somebody: never destroyed, only reported. */
  readonly unknown: readonly GpuInstance[]
  /** Ours, but neither finished nor taken back. */
  readonly stuck: readonly GpuInstance[]
  /** In the ledger and not on the GPU any more. */
  readonly missing: readonly OwnedInstance[]
}

export async function readInventory(context: Context, gpu: string): Promise<Inventory> {
  const instances = await context.device.gpuInstances(gpu)
  const ledger = context.book.ledger()
  const owned = ledger.owned.filter((own) => own.gpu === gpu)
  const halves = [...ledger.stuck, ...ledger.open.map(({ place }) => place)]
  const isStuck = (instance: GpuInstance): boolean =>
    halves.some((place) => isSamePlace(place, placeOn(gpu, instance)))
  const ownerOf = (instance: GpuInstance): OwnedInstance | undefined =>
    owned.find(
      (own) => isSamePlace(own, placeOn(gpu, instance)) && wholeOf(instance)?.uuid === own.uuid,
    )
  const found = owned.filter((own) => instances.some((instance) => ownerOf(instance) === own))
  return {
    owned: found,
    missing: owned.filter((own) => !found.includes(own)),
    stuck: instances.filter((instance) => ownerOf(instance) === undefined && isStuck(instance)),
    unknown: instances.filter((instance) => ownerOf(instance) === undefined && !isStuck(instance)),
  }
}

export function placeOn(gpu: string, { profileId, placement }: GpuInstance): Place {
  return { gpu, profileId, placement }
}
