import { must } from '../base/assert.ts'
import type { GpuModel } from '../core/mig/gpu-model.ts'
import { type Layout, type LayoutProblem, layoutFrom } from '../core/mig/layout.ts'
import { isSamePlacement, type PlacedProfile } from '../core/mig/placement.ts'
import { type Step, transition } from '../core/mig/transition.ts'
import type { GpuInstance } from '../devices/device.ts'
import type { DeviceFailure } from '../devices/device-error.ts'
import type { Context, Outcome } from './context.ts'
import { createInstance } from './create-instance.ts'
import { destroyInstance } from './destroy-instance.ts'
import { driverModel } from './driver-model.ts'
import { type Inventory, readInventory } from './inventory.ts'
import type { ChangeResult, GpuChange, OwnedInstance, Place } from './journal.ts'
import { isSamePlace } from './ledger.ts'

/** A GPU instance by profile and place, as files and plans name it. */
export type Wanted = Omit<Place, 'gpu'>

/** The whole layout that a GPU is to have. */
export type Target = { readonly gpu: string; readonly wanted: readonly Wanted[] }

/** What has to be done on one GPU, and what is there now. */
export type GpuPlan = {
  readonly gpu: string
  readonly model: GpuModel
  readonly from: Layout
  readonly to: Layout
  readonly steps: readonly Step[]
}

/** Why a layout cannot be what a GPU gets. */
export type Refusal =
  | { readonly kind: 'no-such-gpu'; readonly gpu: string }
  | { readonly kind: 'mig-disabled'; readonly gpu: string }
  | { readonly kind: 'no-such-profile'; readonly gpu: string; readonly wanted: Wanted }
  | { readonly kind: 'illegal'; readonly gpu: string; readonly problem: LayoutProblem }
  /** Instances that this program did not make would have to go. */
  | { readonly kind: 'unknown-instances'; readonly gpu: string; readonly there: readonly Wanted[] }
  /** Processes run on an instance that would have to go. */
  | {
      readonly kind: 'busy'
      readonly gpu: string
      readonly wanted: Wanted
      readonly pids: readonly number[]
    }

export type Planned =
  | { readonly kind: 'planned'; readonly gpus: readonly GpuPlan[] }
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }

/** The fewest steps from what is there to the targets; GPUs that have theirs get none. */
export async function planChange(context: Context, targets: readonly Target[]): Promise<Planned> {
  const plans = await Promise.all(targets.map((target) => planGpu(context, target)))
  const refusals = plans.flatMap((plan) => ('kind' in plan ? [plan] : []))
  if (refusals.length > 0) return { kind: 'refused', refusals }
  return { kind: 'planned', gpus: plans.flatMap((plan) => ('kind' in plan ? [] : [plan])) }
}

export type ChangeOutcome =
  | { readonly kind: 'done'; readonly steps: number }
  /** The signal came between two steps; what was done stays. */
  | { readonly kind: 'interrupted'; readonly steps: number; readonly stepsDone: number }
  | {
      readonly kind: 'failed'
      readonly failures: readonly DeviceFailure[]
      readonly stepsDone: number
      readonly result: Exclude<ChangeResult, 'done' | 'interrupted'>
    }

export type CarryOptions = {
  readonly why: string
  /** Comes back when nothing new will be sent to the instance and what it had is answered. */
  readonly drain?: (instance: OwnedInstance) => Promise<void>
  /** Once aborted, steps under way are finished and no other is begun. */
  readonly signal?: AbortSignal
  readonly onStep?: (gpu: string, step: Step) => void
  /** The change that this one takes back. */
  readonly undoes?: number
}

/**
 * Carries the steps out, GPUs side by side, each GPU's one after the other. Once a step has failed
 * no other is begun, and what was done is taken back.
 */
export async function carryOut(
  context: Context,
  plans: readonly GpuPlan[],
  options: CarryOptions,
): Promise<ChangeOutcome> {
  const { book } = context
  const { why, undoes } = options
  const steps = plans.reduce((sum, plan) => sum + plan.steps.length, 0)
  if (steps === 0) return { kind: 'done', steps }
  const change = book.nextChange()
  const undoing = undoes === undefined ? {} : { undoes }
  book.write({ kind: 'change-begun', change, why, gpus: plans.map(changeOf), ...undoing })
  const progress: Progress = { failures: [], stepsDone: 0 }
  await allEnded(plans.map((plan) => takeSteps({ context, plan, options, progress })))
  const { failures, stepsDone } = progress
  if (failures.length === 0 && stepsDone < steps) {
    book.write({ kind: 'change-ended', change, result: 'interrupted' })
    return { kind: 'interrupted', steps, stepsDone }
  }
  if (failures.length === 0) {
    book.write({ kind: 'change-ended', change, result: 'done' })
    return { kind: 'done', steps }
  }
  const result = await rollBack(context, plans, options)
  book.write({ kind: 'change-ended', change, result })
  return { kind: 'failed', failures, stepsDone, result }
}

/** Shared by all GPUs of a change: the first failure stops them all. */
type Progress = { readonly failures: DeviceFailure[]; stepsDone: number; isBroken?: true }

type GpuWork = {
  readonly context: Context
  readonly plan: GpuPlan
  readonly options: Omit<CarryOptions, 'why' | 'undoes'>
  readonly progress: Progress
}

async function takeSteps({ context, plan, options, progress }: GpuWork): Promise<void> {
  for (const step of plan.steps) {
    const { failures, isBroken } = progress
    if (failures.length > 0 || isBroken === true || options.signal?.aborted === true) return
    try {
      const outcome = await takeStep(context, plan, step, options.drain)
      if (outcome.kind !== 'done') return void failures.push(outcome.failure)
    } catch (error) {
      // A journal that cannot be written, say: no other GPU goes on without one.
      progress.isBroken = true
      throw error
    }
    progress.stepsDone += 1
    options.onStep?.(plan.gpu, step)
  }
}

/** Waits for all of them, then throws what the first of them threw, if any did. */
async function allEnded(running: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(running)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

async function takeStep(
  context: Context,
  { gpu }: GpuPlan,
  step: Step,
  drain: CarryOptions['drain'],
): Promise<Outcome> {
  const { profile, start } = step.placed
  const placement = { start, size: profile.size }
  const place: Place = { gpu, profileId: profile.profileId, placement }
  if (step.kind === 'create') return createInstance(context, place)
  const owned = context.book.ledger().owned.find((own) => isSamePlace(own, place))
  const instance = must(owned, 'A plan destroys only what is owned')
  await drain?.(instance)
  return destroyInstance(context, instance)
}

/** Back to what was there before, by the fewest steps from what is there now. */
async function rollBack(
  context: Context,
  plans: readonly GpuPlan[],
  { drain }: CarryOptions,
): Promise<'rolled-back' | 'stuck'> {
  const progress: Progress = { failures: [], stepsDone: 0 }
  const options = drain === undefined ? {} : { drain }
  for (const { gpu, from } of plans) {
    const plan = await planGpu(context, { gpu, wanted: wantedOf(from) }).catch(() => null)
    if (plan === null || 'kind' in plan) return 'stuck'
    await takeSteps({ context, plan, options, progress })
  }
  return progress.failures.length === 0 ? 'rolled-back' : 'stuck'
}

export function wantedOf(layout: Layout): readonly Wanted[] {
  return layout.placed.map(({ profile, start }) => ({
    profileId: profile.profileId,
    placement: { start, size: profile.size },
  }))
}

async function planGpu(context: Context, target: Target): Promise<GpuPlan | Refusal> {
  const { device } = context
  const { gpu } = target
  const known = (await device.gpus()).find(({ uuid }) => uuid === gpu)
  if (known === undefined) return { kind: 'no-such-gpu', gpu }
  const mode = await device.migMode(gpu)
  if (mode.kind !== 'supported' || mode.current !== 'enabled') return { kind: 'mig-disabled', gpu }
  const model = driverModel(known, await device.gpuInstanceProfiles(gpu))
  const inventory = await readInventory(context, gpu)
  const wanted = target.wanted.map((own) => placedBy(model, own))
  const missing = wanted.indexOf(undefined)
  if (missing >= 0) {
    return { kind: 'no-such-profile', gpu, wanted: must(target.wanted[missing]) }
  }
  const to = layoutFrom(
    model,
    wanted.map((placed) => must(placed)),
  )
  if (to.kind !== 'placed') return { kind: 'illegal', gpu, problem: to }
  const from = layoutFrom(
    model,
    allOf(inventory).map((own) => must(placedBy(model, own))),
  )
  if (from.kind !== 'placed') return { kind: 'illegal', gpu, problem: from }
  const there = notOurs(inventory).filter((own) => !keeps(to.layout, must(placedBy(model, own))))
  if (there.length > 0) return { kind: 'unknown-instances', gpu, there: there.map(plainly) }
  const steps = transition(from.layout, to.layout)
  return { gpu, model, from: from.layout, to: to.layout, steps }
}

function placedBy(model: GpuModel, { profileId, placement }: Wanted): PlacedProfile | undefined {
  const profile = model.profiles.find((own) => own.profileId === profileId)
  if (profile === undefined || profile.size !== placement.size) return undefined
  return { profile, start: placement.start }
}

function keeps(layout: Layout, placed: PlacedProfile): boolean {
  return layout.placed.some((own) => isSamePlacement(own, placed))
}

function allOf(inventory: Inventory): readonly Wanted[] {
  return [...inventory.owned, ...notOurs(inventory)]
}

function notOurs({ unknown, stuck }: Inventory): readonly GpuInstance[] {
  return [...unknown, ...stuck]
}

function plainly({ profileId, placement }: Wanted): Wanted {
  return { profileId, placement: { start: placement.start, size: placement.size } }
}

function changeOf({ gpu, from, to }: GpuPlan): GpuChange {
  return { gpu, from: wantedOf(from), to: wantedOf(to) }
}
