import type { Gpu, GpuInstance, GpuInstanceProfileInfo, MigModeState } from '../devices/device.ts'
import { type Context, wholeOf } from './context.ts'
import { readInventory } from './inventory.ts'
import type { Change, OpenOperation, OwnedInstance, Place } from './journal.ts'
import { lastChange } from './ledger.ts'

/** What is on a node's GPUs, whose it is, and where journal and GPUs differ. */
export type NodeStatus = {
  readonly gpus: readonly GpuStatus[]
  /** Operations that an earlier program has begun and not ended. */
  readonly open: readonly OpenOperation[]
  /** What `undo` would take back; null: nothing. */
  readonly lastChange: Change | null
}

export type GpuStatus = {
  readonly gpu: Gpu
  readonly mode: MigModeState
  readonly instances: readonly InstanceStatus[]
  /** In the journal and not on the GPU: a reboot, a reset or another program. */
  readonly missing: readonly (Place & { readonly name: string })[]
}

export type InstanceStatus = {
  readonly id: number
  readonly name: string
  readonly profileId: number
  readonly start: number
  readonly size: number
  /** Of the MIG device; null while it has not exactly one compute instance. */
  readonly uuid: string | null
  /** `unfinished`: made by this program, and neither whole nor taken back. */
  readonly owner: 'migrator' | 'unknown' | 'unfinished'
  readonly pids: readonly number[]
}

/** Reads; changes neither GPU nor journal. */
export async function nodeStatus(context: Context): Promise<NodeStatus> {
  const gpus = await context.device.gpus()
  const ledger = context.book.ledger()
  const uuids = gpus.map(({ uuid }) => uuid)
  return {
    gpus: await Promise.all(gpus.map((gpu) => gpuStatus(context, gpu))),
    open: ledger.open.filter(({ place }) => uuids.includes(place.gpu)),
    lastChange: lastChange(ledger, uuids) ?? null,
  }
}

async function gpuStatus(context: Context, gpu: Gpu): Promise<GpuStatus> {
  const { device } = context
  const mode = await device.migMode(gpu.uuid)
  if (mode.kind !== 'supported') return { gpu, mode, instances: [], missing: [] }
  const profiles = await device.gpuInstanceProfiles(gpu.uuid)
  const { owned, unknown, stuck, missing } = await readInventory(context, gpu.uuid)
  const there = await device.gpuInstances(gpu.uuid)
  const processes = await device.processes(gpu.uuid)
  const ownerOf = ({ id }: GpuInstance): InstanceStatus['owner'] => {
    if (stuck.some((own) => own.id === id)) return 'unfinished'
    if (unknown.some((own) => own.id === id)) return 'unknown'
    return owned.some((own) => own.gpuInstanceId === id) ? 'migrator' : 'unknown'
  }
  const instances = there.map((own): InstanceStatus => {
    const { start, size } = own.placement
    const on = processes.filter(({ gpuInstanceId }) => gpuInstanceId === own.id)
    return {
      id: own.id,
      name: profileName(profiles, own.profileId),
      profileId: own.profileId,
      start,
      size,
      uuid: wholeOf(own)?.uuid ?? null,
      owner: ownerOf(own),
      pids: [...new Set(on.map(({ pid }) => pid))],
    }
  })
  const named = (own: OwnedInstance) => {
    const { profileId, placement } = own
    return { gpu: own.gpu, profileId, placement, name: profileName(profiles, profileId) }
  }
  return { gpu, mode, instances, missing: missing.map(named) }
}

function profileName(profiles: readonly GpuInstanceProfileInfo[], profileId: number): string {
  const found = profiles.find((own) => own.profileId === profileId)
  return found?.name ?? `profile ${profileId}`
}
