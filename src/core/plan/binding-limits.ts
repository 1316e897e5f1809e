import { must } from '../../base/assert.ts'
import type { RetrainingForecast } from '../forecast.ts'
import { profileById } from '../mig/gpu-model.ts'
import { checkLayout } from '../mig/layout.ts'
import { allPlacements, sliceMask } from '../mig/placement.ts'
import { type Plan, placeOfShare } from './plan.ts'
import type { PlanningGpu, PlanningProblem, PlanningTenant } from './problem.ts'
import { type TenureSpan, tenureSpans } from './slots.ts'
import {
  accuracyPerSlot,
  answersPerSlot,
  type TenantUse,
  type TenantValue,
  terminalAccuracy,
  terminalWeight,
} from './value.ts'
import { newRetrainingSpan, restartedRetrainingSpan, slotsFor } from './warm-up.ts'

/** A limit that the plan runs into: without it, or with more of it, a plan could be worth more. */
export type BindingLimit =
  /** On that GPU nothing more fits, for so long. */
  | { readonly kind: 'room'; readonly gpu: number; readonly seconds: number }
  /** A share of the compute slices is given to instances that are being initialised. */
  | { readonly kind: 'warm-up'; readonly share: number; readonly changes: number }
  | {
      readonly kind: 'floor'
      readonly tenant: string
      readonly sloAttainmentMin: number
      readonly sloAttainment: number
    }
  /** Instances that are kept no longer than the minimum residence asks for. */
  | { readonly kind: 'residence'; readonly seconds: number; readonly instances: number }
  | {
      readonly kind: 'blocked'
      readonly gpu: number
      readonly slices: number
      readonly reasons: readonly string[]
    }
  | {
      readonly kind: 'no-retraining'
      readonly tenant: string
      readonly reason: 'no-gain' | 'cannot-run' | 'too-long' | 'no-room'
      /** The most that a configuration would bring, J + T, were room free. */
      readonly worth: number
    }

/** Floors closer than this count as just kept. */
const floorMargin = 0.005

/** What holds the plan back, each limit once. */
export function bindingLimits(
  problem: PlanningProblem,
  plan: Plan,
  own: { readonly uses: readonly TenantUse[]; readonly values: readonly TenantValue[] },
): readonly BindingLimit[] {
  const spans = tenureSpans(problem, plan)
  return [
    ...roomLimits(problem, spans),
    ...blockedLimits(problem),
    ...warmUpLimit(problem, spans),
    ...residenceLimit(problem, spans),
    ...floorLimits(problem, own.values),
    ...problem.tenants.flatMap((tenant, index) =>
      retrainingLimit(problem, tenant, must(own.uses[index])),
    ),
  ]
}

function roomLimits(
  problem: PlanningProblem,
  spans: readonly TenureSpan[],
): readonly BindingLimit[] {
  return problem.gpus.flatMap((gpu, index): BindingLimit[] => {
    if (gpu.model.sharing !== undefined) return []
    const known = new Map<string, boolean>()
    let slots = 0
    for (let t = 0; t < problem.slotCount; t += 1) {
      const held = spans.filter((span) => span.instance.gpu === index && holds(span, t))
      const key = held.map(({ instance }) => instance.id).join()
      const isFull = known.get(key) ?? isFullWith(gpu, held)
      known.set(key, isFull)
      if (isFull) slots += 1
    }
    return slots === 0 ? [] : [{ kind: 'room', gpu: index, seconds: slots * problem.slotSeconds }]
  })
}

function holds({ fromSlot, untilSlot }: TenureSpan, t: number): boolean {
  return fromSlot <= t && t < untilSlot
}

function isFullWith(gpu: PlanningGpu, held: readonly TenureSpan[]): boolean {
  const { model, profileIds } = gpu
  const blocked = blockedMask(gpu)
  const placed = held.map(({ instance }) => {
    const { profileId, start } = placeOfShare(instance.share)
    return { profile: profileById(model, profileId), start }
  })
  return allPlacements(model, profileIds).every((added) => {
    const isBlocked = (sliceMask(added.profile, added.start) & blocked) !== 0
    return isBlocked || checkLayout(model, [...placed, added]) !== null
  })
}

function blockedMask({ blocked }: PlanningGpu): number {
  return blocked.reduce((mask, { start, size }) => mask | (((1 << size) - 1) << start), 0)
}

function blockedLimits({ gpus }: PlanningProblem): readonly BindingLimit[] {
  return gpus.flatMap((gpu, index): BindingLimit[] => {
    if (gpu.blocked.length === 0) return []
    const mask = blockedMask(gpu)
    const slices = Array.from({ length: 31 }, (_, m) => (mask >> m) & 1)
    const reasons = [...new Set(gpu.blocked.map(({ reason }) => reason))]
    return [{ kind: 'blocked', gpu: index, slices: slices.reduce((sum, n) => sum + n, 0), reasons }]
  })
}

/** Compute slices times slots before serving or training, over all that there are. */
function warmUpLimit(
  problem: PlanningProblem,
  spans: readonly TenureSpan[],
): readonly BindingLimit[] {
  const all = problem.gpus.reduce((sum, { model }) => sum + model.computeSlices, 0)
  const warming = spans.filter(({ fromSlot, serveFromSlot }) => serveFromSlot > fromSlot)
  const used = warming.reduce((sum, { instance, fromSlot, serveFromSlot }) => {
    const { model } = must(problem.gpus[instance.gpu])
    const { computeSlices } = profileById(model, placeOfShare(instance.share).profileId)
    return sum + computeSlices * (Math.min(serveFromSlot, problem.slotCount) - fromSlot)
  }, 0)
  if (used === 0) return []
  return [{ kind: 'warm-up', share: used / (all * problem.slotCount), changes: warming.length }]
}

function residenceLimit(
  problem: PlanningProblem,
  spans: readonly TenureSpan[],
): readonly BindingLimit[] {
  const { residenceSecondsMin, slotSeconds, slotCount } = problem
  const slotsMin = slotsFor(residenceSecondsMin, slotSeconds)
  const kept = spans.filter(({ tenure, serveFromSlot, untilSlot }) => {
    const isInference = tenure.role.kind === 'inference'
    return isInference && untilSlot < slotCount && untilSlot - serveFromSlot === slotsMin
  })
  if (slotsMin === 0 || kept.length === 0) return []
  return [{ kind: 'residence', seconds: residenceSecondsMin, instances: kept.length }]
}

function floorLimits(
  { tenants }: PlanningProblem,
  values: readonly TenantValue[],
): readonly BindingLimit[] {
  return tenants.flatMap(({ id, sloAttainmentMin }, index): BindingLimit[] => {
    const { sloAttainment } = must(values[index])
    if (sloAttainmentMin === null || sloAttainment === null) return []
    if (sloAttainment > sloAttainmentMin + floorMargin) return []
    return [{ kind: 'floor', tenant: id, sloAttainmentMin, sloAttainment }]
  })
}

/** Why a tenant that could retrain does not. */
function retrainingLimit(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  use: TenantUse,
): readonly BindingLimit[] {
  const { underWay, retraining, id } = tenant
  const offered = underWay === null ? retraining : [underWay.forecast]
  if (use.retraining !== null || offered.length === 0) return []
  const soonest = offered.map((forecast) => soonestDone(problem, tenant, forecast))
  const possible = soonest.filter((own) => own !== null)
  const begins = possible.filter(({ workFromSlot }) => workFromSlot < problem.slotCount)
  const gains = begins.map((own) => retrainingWorth(problem, tenant, { ...use, retraining: own }))
  const worth = Math.max(0, ...gains)
  const reason =
    possible.length === 0
      ? 'cannot-run'
      : begins.length === 0
        ? 'too-long'
        : worth > 0
          ? 'no-room'
          : 'no-gain'
  return [{ kind: 'no-retraining', tenant: id, reason, worth }]
}

/** Begun at once on the class where it is done first. */
function soonestDone(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  forecast: RetrainingForecast,
): NonNullable<TenantUse['retraining']> | null {
  const spans = problem.classes.flatMap((_, k) => {
    const span =
      tenant.underWay === null
        ? newRetrainingSpan(problem, tenant, forecast, k)
        : restartedRetrainingSpan(problem, tenant, k)
    return span === null ? [] : [span]
  })
  if (spans.length === 0) return null
  const first = spans.reduce((a, b) => (b.slots < a.slots ? b : a))
  return { forecast, doneSlot: first.slots, workFromSlot: first.warmUpSlots }
}

function retrainingWorth(problem: PlanningProblem, tenant: PlanningTenant, use: TenantUse): number {
  const answers = answersPerSlot(problem, tenant, use.counts)
  const after = accuracyPerSlot(problem, tenant, use.retraining)
  const gained = answers.reduce((sum, rps, t) => {
    return sum + rps * (must(after[t]) - must(tenant.accuracyDeployed[t]))
  }, 0)
  const later = terminalAccuracy(problem, tenant, use.retraining) - tenant.accuracyTerminal
  return (
    tenant.valuePerAnswer * problem.slotSeconds * gained + terminalWeight(problem, tenant) * later
  )
}
