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
  | {
      readonly kind: 'failed'
      readonly failures: readonly DeviceFailure[]
      readonly result: Exclude<ChangeResult, 'done' | 'interrupted'>
    }

/**
 * Carries the steps out, GPUs side by side, each GPU's one after the other. Once a step has failed
 * no other is begun, and what was done is taken back. `drain` comes back when nothing new will be
 * sent to the instance and what it had is answered.
 */
export async function carryOut(
  context: Context,
  plans: readonly GpuPlan[],
  options: { readonly why: string; readonly drain?: (instance: OwnedInstance) => Promise<void> },
): Promise<ChangeOutcome> {
  const { book } = context
  const steps = plans.reduce((sum, plan) => sum + plan.steps.length, 0)
  if (steps === 0) return { kind: 'done', steps }
  const change = book.nextChange()
  const drain = options.drain ?? (async () => undefined)
  book.write({ kind: 'change-begun', change, why: options.why, gpus: plans.map(changeOf) })
  const failures: DeviceFailure[] = []
  await Promise.all(plans.map((plan) => takeSteps({ context, plan, drain, failures })))
  if (failures.length === 0) {
    book.write({ kind: 'change-ended', change, result: 'done' })
    return { kind: 'done', steps }
  }
  const result = await rollBack(context, plans, drain)
  book.write({ kind: 'change-ended', change, result })
  return { kind: 'failed', failures, result }
}

type Drain = (instance: OwnedInstance) => Promise<void>

async function takeSteps(work: {
  readonly context: Context
  readonly plan: GpuPlan
  readonly drain: Drain
  /** Shared by all GPUs of a change: the first failure stops them all. */
  readonly failures: DeviceFailure[]
}): Promise<void> {
  const { context, plan, drain, failures } = work
  for (const step of plan.steps) {
    if (failures.length > 0) return
    const outcome = await takeStep(context, plan, step, drain)
    if (outcome.kind !== 'done') failures.push(outcome.failure)
  }
}

async function takeStep(
  context: Context,
  { gpu }: GpuPlan,
  step: Step,
  drain: Drain,
): Promise<Outcome> {
  const { profile, start } = step.placed
  const placement = { start, size: profile.size }
  const place: Place = { gpu, profileId: profile.profileId, placement }
  if (step.kind === 'create') return createInstance(context, place)
  const owned = context.book.ledger().owned.find((own) => isSamePlace(own, place))
  const instance = must(owned, 'A plan destroys only what is owned')
  await drain(instance)
  return destroyInstance(context, instance)
}

/** Back to what was there before, by the fewest steps from what is there now. */
async function rollBack(
  context: Context,
  plans: readonly GpuPlan[],
  drain: Drain,
): Promise<'rolled-back' | 'stuck'> {
  const targets = plans.map(({ gpu, from }) => ({ gpu, wanted: wantedOf(from) }))
  const failures: DeviceFailure[] = []
  for (const target of targets) {
    const plan = await planGpu(context, target).catch(() => null)
    if (plan === null || 'kind' in plan) return 'stuck'
    await takeSteps({ context, plan, drain, failures })
  }
  return failures.length === 0 ? 'rolled-back' : 'stuck'
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
