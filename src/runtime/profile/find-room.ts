import { must } from '../../base/assert.ts'
import { layoutFrom, place } from '../../core/mig/layout.ts'
import { overlaps, type PlacedProfile } from '../../core/mig/placement.ts'
import type { GpuInstance, GpuProcess } from '../../devices/device.ts'
import type { Context } from '../../reconfigure/context.ts'
import { driverModel } from '../../reconfigure/driver-model.ts'
import { readInventory } from '../../reconfigure/inventory.ts'
import type { OwnedInstance, Place } from '../../reconfigure/journal.ts'

/** Where a profile can be measured, or who is in the way. */
export type Room =
  /** One of ours that nothing runs on. */
  | { readonly kind: 'idle'; readonly gpu: string; readonly instance: OwnedInstance }
  /** Nothing is there; an instance can be made. */
  | { readonly kind: 'free'; readonly gpu: string; readonly place: Place }
  | { readonly kind: 'taken'; readonly reasons: readonly string[] }

/** Who uses a GPU instance though the driver may not tell of it, by the instance's uuid. */
export type KnownWorkers = ReadonlyMap<string, string>

type Sought = {
  /** GPUs of the board in question, by uuid, in the order they are looked at. */
  readonly gpus: readonly { readonly uuid: string; readonly name: string }[]
  readonly profile: string
  readonly workers: KnownWorkers
}

/** Looks at the GPUs one after the other; changes nothing. */
export async function findRoom(context: Context, sought: Sought): Promise<Room> {
  const reasons: string[] = []
  let free: Room | null = null
  for (const gpu of sought.gpus) {
    const room = await roomOn(context, gpu, sought)
    if (room.kind === 'idle') return room
    if (room.kind === 'free') free ??= room
    else reasons.push(...room.reasons)
  }
  return free ?? { kind: 'taken', reasons }
}

async function roomOn(
  context: Context,
  gpu: Sought['gpus'][number],
  { profile: wanted, workers }: Sought,
): Promise<Room> {
  const { device } = context
  const taken = (...reasons: readonly string[]): Room => ({ kind: 'taken', reasons })
  const mode = await device.migMode(gpu.uuid)
  if (mode.kind === 'not-supported') return taken(`${gpu.name} cannot do MIG`)
  if (mode.current !== 'enabled') return taken(`the MIG mode of ${gpu.name} is disabled`)
  const known = must((await device.gpus()).find(({ uuid }) => uuid === gpu.uuid))
  const model = driverModel(known, await device.gpuInstanceProfiles(gpu.uuid))
  const profile = model.profiles.find(({ name }) => name === wanted)
  if (profile === undefined) return taken(`${gpu.name} has no profile ${wanted}`)
  const [there, processes, inventory] = await Promise.all([
    device.gpuInstances(gpu.uuid),
    device.processes(gpu.uuid),
    readInventory(context, gpu.uuid),
  ])
  const users = (own: GpuInstance): string | null => userOf(own, processes, workers)
  const idle = inventory.owned.find((own) => {
    const found = there.find(({ id }) => id === own.gpuInstanceId)
    return own.profileId === profile.profileId && found !== undefined && users(found) === null
  })
  if (idle !== undefined) return { kind: 'idle', gpu: gpu.uuid, instance: idle }
  const placed = there.flatMap(({ profileId, placement }): readonly PlacedProfile[] => {
    const own = model.profiles.find((each) => each.profileId === profileId)
    return own === undefined ? [] : [{ profile: own, start: placement.start }]
  })
  const now = layoutFrom(model, placed)
  if (now.kind !== 'placed') return taken(`${gpu.name} has a layout that is not known here`)
  const start = profile.starts.find((at) => place(now.layout, profile, at).kind === 'placed')
  if (start !== undefined) {
    const { profileId, size } = profile
    const found = { gpu: gpu.uuid, profileId, placement: { start, size } }
    return { kind: 'free', gpu: gpu.uuid, place: found }
  }
  const overlapping = placed.filter((own) =>
    profile.starts.some((at) => overlaps(own, { profile, start: at })),
  )
  // Else it is the compute slices that are all taken, by all of them.
  const inTheWay = overlapping.length > 0 ? overlapping : placed
  return taken(
    ...there.flatMap((own) => {
      const at = inTheWay.find(
        ({ profile: of, start: from }) =>
          of.profileId === own.profileId && from === own.placement.start,
      )
      if (at === undefined) return []
      const isOurs = inventory.owned.some(({ gpuInstanceId }) => gpuInstanceId === own.id)
      const owner = isOurs ? "migrator's" : 'not made by migrator'
      const use = users(own) ?? 'nothing runs on it'
      return [`${at.profile.name} at ${at.start} on ${gpu.name} (${owner}, ${use})`]
    }),
  )
}

function userOf(
  { id, computeInstances }: GpuInstance,
  processes: readonly GpuProcess[],
  workers: KnownWorkers,
): string | null {
  const pids = processes.filter(({ gpuInstanceId }) => gpuInstanceId === id).map(({ pid }) => pid)
  if (pids.length > 0) return `used by pid ${[...new Set(pids)].join(', ')}`
  const worker = computeInstances.map(({ uuid }) => workers.get(uuid)).find((own) => own)
  return worker === undefined ? null : `used by ${worker}`
}
