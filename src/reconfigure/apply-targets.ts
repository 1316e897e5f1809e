import type { DeviceFailure } from '../devices/device-error.ts'
import {
  type CarryOptions,
  carryOut,
  type GpuPlan,
  type Planned,
  planChange,
  type Refusal,
  type Target,
  type Wanted,
  wantedOf,
} from './change-layout.ts'
import type { Context } from './context.ts'
import { readInventory } from './inventory.ts'

export type Applied =
  | { readonly kind: 'done'; readonly steps: number }
  /** What was asked for is there already. */
  | { readonly kind: 'nothing-to-do' }
  /** `--dry-run`: these steps would be taken. */
  | { readonly kind: 'would-apply'; readonly steps: number; readonly gpus: readonly GpuPlan[] }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  | { readonly kind: 'interrupted'; readonly steps: number; readonly stepsDone: number }
  | {
      readonly kind: 'failed'
      readonly failures: readonly DeviceFailure[]
      readonly stepsDone: number
      readonly result: 'rolled-back' | 'stuck'
    }

export type ApplyOptions = CarryOptions & { readonly isDryRun: boolean }

/** Brings GPUs to whole layouts, or says why nothing was begun. */
export async function applyTargets(
  context: Context,
  targets: readonly Target[],
  options: ApplyOptions,
): Promise<Applied> {
  return applyPlanned(context, await planChange(context, targets), options)
}

/**
 * Without `drain` nobody has moved work away, so a process on an instance that has to go is a
 * refusal before the first step, and no failure in the middle.
 */
export async function applyPlanned(
  context: Context,
  planned: Planned,
  options: ApplyOptions,
): Promise<Applied> {
  if (planned.kind === 'refused') return planned
  const { gpus } = planned
  const steps = stepsOf(gpus)
  if (steps === 0) return { kind: 'nothing-to-do' }
  const refusals = options.drain === undefined ? await busyOn(context, gpus) : []
  if (refusals.length > 0) return { kind: 'refused', refusals }
  if (options.isDryRun) return { kind: 'would-apply', steps, gpus }
  return carryOut(context, gpus, options)
}

export function stepsOf(gpus: readonly GpuPlan[]): number {
  return gpus.reduce((sum, plan) => sum + plan.steps.length, 0)
}

/** What is on the GPUs now, whoever made it, as targets to come back to. */
export async function presentTargets(
  context: Context,
  gpus: readonly string[],
): Promise<readonly Target[]> {
  return Promise.all(
    gpus.map(async (gpu) => {
      const there = await context.device.gpuInstances(gpu)
      return { gpu, wanted: there.map(plainly) }
    }),
  )
}

async function busyOn(context: Context, plans: readonly GpuPlan[]): Promise<readonly Refusal[]> {
  const found = await Promise.all(plans.map((plan) => busyOnGpu(context, plan)))
  return found.flat()
}

async function busyOnGpu(context: Context, plan: GpuPlan): Promise<readonly Refusal[]> {
  const { gpu, steps, from } = plan
  const isGoing = ({ profileId, placement }: Wanted): boolean =>
    steps.some(
      ({ kind, placed }) =>
        kind === 'destroy' &&
        placed.profile.profileId === profileId &&
        placed.start === placement.start,
    )
  if (!wantedOf(from).some(isGoing)) return []
  const { owned } = await readInventory(context, gpu)
  const processes = await context.device.processes(gpu)
  return owned.filter(isGoing).flatMap((own): readonly Refusal[] => {
    const pids = processes
      .filter(({ gpuInstanceId }) => gpuInstanceId === own.gpuInstanceId)
      .map(({ pid }) => pid)
    if (pids.length === 0) return []
    return [{ kind: 'busy', gpu, wanted: plainly(own), pids: [...new Set(pids)] }]
  })
}

function plainly({ profileId, placement }: Wanted): Wanted {
  return { profileId, placement: { start: placement.start, size: placement.size } }
}
