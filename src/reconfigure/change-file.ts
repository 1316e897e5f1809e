import { hash64 } from '../base/hash.ts'
import type { Device, GpuInstance } from '../devices/device.ts'
import type { DeviceFailure } from '../devices/device-error.ts'
import {
  carryOut,
  type Planned,
  planChange,
  type Refusal,
  type Wanted,
  wantedOf,
} from './change-layout.ts'
import type { Context } from './context.ts'
import type { OwnedInstance } from './journal.ts'

export const changeFormat = 'migrator-change-1'

/** A change that somebody can look at before it is carried out, and what it was made from. */
export type ChangeFile = {
  readonly format: typeof changeFormat
  readonly why: string
  /** Seconds since 1970. */
  readonly madeAtSeconds: number
  readonly expiresAtSeconds: number
  /** Of all instances on the GPUs it names: any change of them makes the file void. */
  readonly stateHash: string
  readonly gpus: readonly FileGpu[]
}

export type FileGpu = {
  readonly gpu: string
  readonly name: string
  readonly from: readonly FileInstance[]
  readonly to: readonly FileInstance[]
  /** In the order they would be taken. */
  readonly steps: readonly FileStep[]
}

export type FileInstance = Wanted & { readonly name: string }

export type FileStep = FileInstance & { readonly kind: 'create' | 'destroy' }

export type MadeChange =
  | { readonly kind: 'made'; readonly file: ChangeFile }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }

/** The change from what is there now to the targets, for `apply` to carry out as it stands. */
export async function makeChange(
  context: Context,
  targets: Parameters<typeof planChange>[1],
  options: { readonly why: string; readonly nowSeconds: number; readonly validSeconds: number },
): Promise<MadeChange> {
  const { why, nowSeconds, validSeconds } = options
  const planned = await planChange(context, targets)
  if (planned.kind === 'refused') return planned
  const stateHash = await stateHashOf(
    context.device,
    targets.map(({ gpu }) => gpu),
  )
  const expiresAtSeconds = nowSeconds + validSeconds
  const head = { format: changeFormat, why, madeAtSeconds: nowSeconds, expiresAtSeconds } as const
  return { kind: 'made', file: { ...head, stateHash, gpus: planned.gpus.map(toFile) } }
}

/** What is on those GPUs now, to the last instance, as 16 hexadecimal digits. */
export async function stateHashOf(device: Device, gpus: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    [...gpus].sort().map(async (gpu) => {
      const instances = await device.gpuInstances(gpu)
      return `${gpu} ${instances.map(printInstance).join(' ')}`
    }),
  )
  return hash64(parts.join('\n'))
}

export type Applied =
  | { readonly kind: 'done'; readonly steps: number }
  /** What it asks for is there already. */
  | { readonly kind: 'nothing-to-do' }
  /** `--dry-run`: it would be carried out. */
  | { readonly kind: 'would-apply'; readonly steps: number }
  | { readonly kind: 'expired'; readonly sinceSeconds: number }
  /** The GPUs have changed since it was made. */
  | { readonly kind: 'drifted'; readonly expected: string; readonly found: string }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  | {
      readonly kind: 'failed'
      readonly failures: readonly DeviceFailure[]
      readonly result: 'rolled-back' | 'stuck'
    }

/** Exactly the change of the file, from exactly the state it was made from, or none. */
export async function applyChange(
  context: Context,
  file: ChangeFile,
  options: {
    readonly nowSeconds: number
    readonly isDryRun: boolean
    readonly drain?: (instance: OwnedInstance) => Promise<void>
  },
): Promise<Applied> {
  const { nowSeconds, isDryRun, drain } = options
  const planned = await planFile(context, file)
  if (planned.kind === 'refused') return planned
  const steps = planned.gpus.reduce((sum, plan) => sum + plan.steps.length, 0)
  if (steps === 0) return { kind: 'nothing-to-do' }
  if (nowSeconds > file.expiresAtSeconds) {
    return { kind: 'expired', sinceSeconds: nowSeconds - file.expiresAtSeconds }
  }
  const gpus = file.gpus.map(({ gpu }) => gpu)
  const found = await stateHashOf(context.device, gpus)
  if (found !== file.stateHash) return { kind: 'drifted', expected: file.stateHash, found }
  if (isDryRun) return { kind: 'would-apply', steps }
  const draining = drain === undefined ? {} : { drain }
  return carryOut(context, planned.gpus, { why: file.why, ...draining })
}

export type Difference = {
  readonly gpu: string
  readonly missing: readonly FileInstance[]
  readonly unexpected: readonly Wanted[]
}

/** Where the GPUs differ from what the file asks for; empty: it is applied. */
export async function differences(
  device: Device,
  file: ChangeFile,
): Promise<readonly Difference[]> {
  const found = await Promise.all(
    file.gpus.map(async ({ gpu, to }) => {
      const there = await device.gpuInstances(gpu)
      return {
        gpu,
        missing: to.filter((wanted) => !there.some((own) => isSame(own, wanted))),
        unexpected: there.filter((own) => !to.some((wanted) => isSame(own, wanted))).map(plain),
      }
    }),
  )
  return found.filter(({ missing, unexpected }) => missing.length + unexpected.length > 0)
}

async function planFile(context: Context, { gpus }: ChangeFile): Promise<Planned> {
  return planChange(
    context,
    gpus.map(({ gpu, to }) => ({ gpu, wanted: to })),
  )
}

function toFile(plan: Extract<Planned, { kind: 'planned' }>['gpus'][number]): FileGpu {
  const { gpu, model, from, to, steps } = plan
  const named = (own: Wanted): FileInstance => {
    const profile = model.profiles.find(({ profileId }) => profileId === own.profileId)
    return { ...own, name: profile?.name ?? `profile ${own.profileId}` }
  }
  return {
    gpu,
    name: model.name,
    from: wantedOf(from).map(named),
    to: wantedOf(to).map(named),
    steps: steps.map(({ kind, placed: { profile, start } }) => ({
      kind,
      name: profile.name,
      profileId: profile.profileId,
      placement: { start, size: profile.size },
    })),
  }
}

function printInstance({ profileId, placement, computeInstances }: GpuInstance): string {
  const uuids = computeInstances.map(({ uuid }) => uuid).join('+')
  return `${profileId}@${placement.start}:${placement.size}/${uuids}`
}

function isSame(a: Wanted, b: Wanted): boolean {
  return (
    a.profileId === b.profileId &&
    a.placement.start === b.placement.start &&
    a.placement.size === b.placement.size
  )
}

function plain({ profileId, placement }: Wanted): Wanted {
  return { profileId, placement: { start: placement.start, size: placement.size } }
}
