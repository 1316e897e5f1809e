import { hash64 } from '../base/hash.ts'
import type { Device, GpuInstance } from '../devices/device.ts'
import { type Applied, type ApplyOptions, applyPlanned, stepsOf } from './apply-targets.ts'
import {
  type Planned,
  planChange,
  type Refusal,
  type Target,
  type Wanted,
  wantedOf,
} from './change-layout.ts'
import { type Context, wholeOf } from './context.ts'
import type { LedgerData } from './journal.ts'
import { lastChange } from './ledger.ts'

export const changeFormat = 'migrator-change-1'

/** A change that somebody can look at before it is carried out, and what it was made from. */
export type ChangeFile = {
  readonly format: typeof changeFormat
  readonly why: string
  /** The name of the machine that it was made on. */
  readonly node: string
  /** Seconds since 1970. */
  readonly madeAtSeconds: number
  readonly expiresAtSeconds: number
  /** Of all instances on the GPUs it names: any change of them makes the file void. */
  readonly stateHash: string
  readonly gpus: readonly FileGpu[]
  /** What a plan over time goes on to do. For people: only a daemon that moves work can do it. */
  readonly later: readonly LaterStep[]
}

export type FileGpu = {
  readonly gpu: string
  readonly name: string
  readonly from: readonly FileInstance[]
  readonly to: readonly HeldInstance[]
  /** In the order they would be taken. */
  readonly steps: readonly FileStep[]
}

export type FileInstance = Wanted & { readonly name: string }

/** `holder` is who is to run on it, `search inference`; null where the file does not say. */
export type HeldInstance = FileInstance & { readonly holder: string | null }

export type LaterStep = FileStep & { readonly afterSeconds: number; readonly gpu: string }

export type FileStep = FileInstance & { readonly kind: 'create' | 'destroy' }

export type MadeChange =
  | { readonly kind: 'made'; readonly file: ChangeFile }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }

/** A layout with who is to run where. */
export type HeldTarget = Omit<Target, 'wanted'> & {
  readonly wanted: readonly (Wanted & { readonly holder?: string })[]
}

/** The change from what is there now to the targets, for `apply` to carry out as it stands. */
export async function makeChange(
  context: Context,
  targets: readonly HeldTarget[],
  options: {
    readonly why: string
    readonly node: string
    readonly nowSeconds: number
    readonly validSeconds: number
    readonly later?: ChangeFile['later']
  },
): Promise<MadeChange> {
  const { why, node, nowSeconds, validSeconds, later = [] } = options
  const planned = await planChange(context, targets)
  if (planned.kind === 'refused') return planned
  const gpus = targets.map(({ gpu }) => gpu)
  const file: ChangeFile = {
    format: changeFormat,
    why,
    node,
    madeAtSeconds: nowSeconds,
    expiresAtSeconds: nowSeconds + validSeconds,
    stateHash: await stateHashOf(context.device, gpus),
    gpus: planned.gpus.map((plan, i) => toFile(plan, targets[i])),
    later,
  }
  return { kind: 'made', file }
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

export type AppliedFile =
  | Applied
  | { readonly kind: 'expired'; readonly sinceSeconds: number }
  /** By this clock the file is still to be made: it was set back, and no expiry can be told. */
  | { readonly kind: 'clock-set-back'; readonly bySeconds: number }
  /** The GPUs have changed since it was made. */
  | { readonly kind: 'drifted'; readonly expected: string; readonly found: string }

/** Between two looks at one clock, or two machines that agree on the time as usual. */
const clockSlackSeconds = 5

/**
 * Exactly the change of the file, from exactly the state it was made from, or none. One that was
 * interrupted on the way goes on.
 */
export async function applyChange(
  context: Context,
  file: ChangeFile,
  options: Omit<ApplyOptions, 'why' | 'undoes'> & { readonly nowSeconds: number },
): Promise<AppliedFile> {
  const { nowSeconds, ...own } = options
  const { madeAtSeconds, expiresAtSeconds, stateHash, why } = file
  const planned = await planChange(context, targetsOfFile(file))
  if (planned.kind === 'refused') return planned
  if (stepsOf(planned.gpus) === 0) return { kind: 'nothing-to-do' }
  if (nowSeconds > expiresAtSeconds) {
    return { kind: 'expired', sinceSeconds: nowSeconds - expiresAtSeconds }
  }
  if (nowSeconds < madeAtSeconds - clockSlackSeconds) {
    return { kind: 'clock-set-back', bySeconds: madeAtSeconds - nowSeconds }
  }
  const gpus = file.gpus.map(({ gpu }) => gpu)
  const found = await stateHashOf(context.device, gpus)
  if (found !== stateHash && !wasInterrupted(context.book.ledger(), file)) {
    return { kind: 'drifted', expected: stateHash, found }
  }
  return applyPlanned(context, planned, { ...own, why })
}

/** Whether the last thing done to its GPUs was this very change, and it did not end. */
function wasInterrupted(ledger: LedgerData, { gpus }: ChangeFile): boolean {
  const last = lastChange(
    ledger,
    gpus.map(({ gpu }) => gpu),
  )
  if (last?.result !== 'interrupted') return false
  const print = (own: readonly Wanted[]): string => JSON.stringify(own.map(plain))
  return gpus.every(({ gpu, from, to }) =>
    last.gpus.some(
      (begun) =>
        begun.gpu === gpu && print(begun.from) === print(from) && print(begun.to) === print(to),
    ),
  )
}

export type Difference = {
  readonly gpu: string
  readonly missing: readonly Wanted[]
  readonly unexpected: readonly Wanted[]
}

/** Where the GPUs differ from these whole layouts; empty: they are applied. */
export async function differences(
  device: Device,
  targets: readonly Target[],
): Promise<readonly Difference[]> {
  const found = await Promise.all(
    targets.map(async ({ gpu, wanted }) => {
      const there = await device.gpuInstances(gpu)
      const whole = there.filter((own) => wholeOf(own) !== undefined)
      return {
        gpu,
        missing: wanted.filter((own) => !whole.some((other) => isSame(other, own))).map(plain),
        unexpected: there.filter((own) => !wanted.some((other) => isSame(other, own))).map(plain),
      }
    }),
  )
  return found.filter(({ missing, unexpected }) => missing.length + unexpected.length > 0)
}

/** What the file wants its GPUs to have. */
export function targetsOfFile({ gpus }: ChangeFile): readonly Target[] {
  return gpus.map(({ gpu, to }) => ({ gpu, wanted: to }))
}

function toFile(
  plan: Extract<Planned, { kind: 'planned' }>['gpus'][number],
  target: HeldTarget | undefined,
): FileGpu {
  const { gpu, model, from, to, steps } = plan
  const named = (own: Wanted): FileInstance => {
    const profile = model.profiles.find(({ profileId }) => profileId === own.profileId)
    return { ...own, name: profile?.name ?? `profile ${own.profileId}` }
  }
  const holderOf = (own: Wanted): string | null =>
    target?.wanted.find((other) => isSame(other, own))?.holder ?? null
  return {
    gpu,
    name: model.name,
    from: wantedOf(from).map(named),
    to: wantedOf(to).map((own) => ({ ...named(own), holder: holderOf(own) })),
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
