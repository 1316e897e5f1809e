import { must } from '../../base/assert.ts'
import type { GpuModel } from '../../core/mig/gpu-model.ts'
import { layoutFrom, place } from '../../core/mig/layout.ts'
import { overlaps, type PlacedProfile } from '../../core/mig/placement.ts'
import type { GpuInstanceProfile } from '../../core/mig/profile.ts'
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
  const mode = await device.migMode(gpu.uuid)
  if (mode.kind === 'not-supported') return taken(`${gpu.name} cannot do MIG`)
  const known = must((await device.gpus()).find(({ uuid }) => uuid === gpu.uuid))
  if (mode.current !== 'enabled') {
    const fix = `nvidia-smi -i ${known.index} -mig 1`
    return taken(`the MIG mode of ${gpu.name} is disabled (${fix})`)
  }
  const model = driverModel(known, await device.gpuInstanceProfiles(gpu.uuid))
  const profile = model.profiles.find(({ name }) => name === wanted)
  if (profile === undefined) return taken(`${gpu.name} has no profile ${wanted}`)
  const [there, processes, { owned }] = await Promise.all([
    device.gpuInstances(gpu.uuid),
    device.processes(gpu.uuid),
    readInventory(context, gpu.uuid),
  ])
  const held = there.map(
    (own): Held => ({
      instance: own,
      placed: placedOf(model, own),
      owned: owned.find(({ gpuInstanceId }) => gpuInstanceId === own.id) ?? null,
      user: userOf(own, processes, workers),
    }),
  )
  const idle = held.find(
    (own) => own.instance.profileId === profile.profileId && own.owned !== null && !own.user,
  )
  if (idle?.owned) return { kind: 'idle', gpu: gpu.uuid, instance: idle.owned }
  const now = layoutFrom(
    model,
    held.flatMap(({ placed }) => placed ?? []),
  )
  if (now.kind !== 'placed') return taken(`${gpu.name} has a layout that is not known here`)
  const start = profile.starts.find((at) => place(now.layout, profile, at).kind === 'placed')
  if (start === undefined) return taken(...holdersOf(held, profile, gpu.name))
  const { profileId, size } = profile
  const found = { gpu: gpu.uuid, profileId, placement: { start, size } }
  return { kind: 'free', gpu: gpu.uuid, place: found }
}

/** A GPU instance that is there, and whose it is. */
type Held = {
  readonly instance: GpuInstance
  readonly placed: PlacedProfile | null
  readonly owned: OwnedInstance | null
  /** Null: nothing runs on it. */
  readonly user: string | null
}

function placedOf(model: GpuModel, { profileId, placement }: GpuInstance): PlacedProfile | null {
  const profile = model.profiles.find((own) => own.profileId === profileId)
  return profile === undefined ? null : { profile, start: placement.start }
}

/** Who is where the profile could be; if nobody is, all of them have the slices it needs. */
function holdersOf(
  held: readonly Held[],
  profile: GpuInstanceProfile,
  gpu: string,
): readonly string[] {
  const overlapping = held.filter(({ placed }) =>
    profile.starts.some((at) => placed !== null && overlaps(placed, { profile, start: at })),
  )
  const startsByHolder = new Map<string, number[]>()
  for (const own of overlapping.length > 0 ? overlapping : held) {
    const owner = own.owned === null ? 'not made by migrator' : "migrator's"
    const name = own.placed?.profile.name ?? `profile ${own.instance.profileId}`
    const holder = `${name} (${owner}, ${own.user ?? 'nothing runs on it'})`
    const starts = startsByHolder.get(holder) ?? []
    startsByHolder.set(holder, [...starts, own.instance.placement.start])
  }
  return [...startsByHolder].map(
    ([holder, starts]) => `${gpu} has at ${starts.join(', ')}: ${holder}`,
  )
}

function taken(...reasons: readonly string[]): Room {
  return { kind: 'taken', reasons }
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
