import { must } from '../../base/assert.ts'
import { profileById } from '../mig/gpu-model.ts'
import { type BindingLimit, bindingLimits } from './binding-limits.ts'
import { comparedUntil, effectsOf, type TenantEffect } from './change-effects.ts'
import { checkPlan } from './check.ts'
import { keepLayoutPlan } from './keep-layout-plan.ts'
import { type Begun, type GivenUp, type HandOver, handOvers } from './layout-changes.ts'
import { type MissedSpan, missedSpan } from './missed-span.ts'
import type { Plan } from './plan.ts'
import type { InstancePlace } from './plan-from-blocks.ts'
import type { PlanningProblem, PlanningTenant } from './problem.ts'
import { slotStartSeconds, tenureSpans } from './slots.ts'
import { type TenantUse, type TenantValue, tenantUse, tenantValue, valueOf } from './value.ts'

/**
 * Why a plan is as it is. Worths are Goodput as `PlanValue` counts it (this problem's part of the
 * run's); times are absolute seconds.
 */
export type PlanExplanation = {
  readonly objective: number
  readonly terminal: number
  /** What all requests of the problem would be worth, answered in time and correctly. */
  readonly objectiveMax: number
  readonly changes: readonly LayoutChange[]
  /** Other plans for the same problem, the best first; the first is the runner-up. */
  readonly alternatives: readonly Alternative[]
  readonly limits: readonly BindingLimit[]
  readonly tenants: readonly TenantExpectation[]
}

/** Instances that change hands, and what that brings beside leaving them where they were. */
export type LayoutChange = {
  readonly atSeconds: number
  /** Both are compared up to here: then what was begun ends. */
  readonly comparedUntilSeconds: number
  readonly gpu: number
  readonly from: readonly Holding[]
  readonly to: readonly Holding[]
  readonly effects: readonly TenantEffect[]
  /** Sum of the effects, objective and terminal value. */
  readonly net: number
}

/** A tenant on a GPU instance; `atSeconds` is when it gives it up, or begins to initialise it. */
export type Holding = {
  readonly tenant: string
  readonly profile: string
  readonly start: number
  readonly atSeconds: number
} & (
  | { readonly role: 'inference'; readonly servesFromSeconds: number | null }
  | {
      readonly role: 'retraining'
      readonly configurationId: string
      /** Begun: when it is expected to be done, and what accuracy it then gains. */
      readonly outcome:
        | { readonly kind: 'begun'; readonly doneSeconds: number; readonly accuracyGain: number }
        | { readonly kind: 'finished' }
        | { readonly kind: 'stopped' }
    }
)

export type Alternative = {
  readonly name: string
  readonly isLegal: boolean
  /** The first rule that it breaks, in a sentence; null if it is legal. */
  readonly breach: string | null
  readonly objective: number
  readonly terminal: number
}

export type TenantExpectation = TenantValue & {
  readonly retraining: {
    readonly configurationId: string
    /** May lie past the problem's end. */
    readonly doneSeconds: number
    readonly accuracyGain: number
  } | null
  /** When most of the requests that are missed arrive, if at some time in particular. */
  readonly missed: MissedSpan | null
  /** What one more instance of the smallest kind it can use would bring, all the time. */
  readonly oneMore: { readonly profile: string; readonly objective: number } | null
}

/** Explains a plan by MIG; `others` are plans to compare it with, beside keeping the layout. */
export function explainPlan(
  problem: PlanningProblem,
  plan: Plan,
  others: readonly { readonly name: string; readonly plan: Plan }[] = [],
): PlanExplanation {
  const { objective, terminal, tenants: values } = valueOf(problem, plan)
  const spans = tenureSpans(problem, plan)
  const uses = problem.tenants.map((tenant, index) =>
    tenantUse(
      problem,
      tenant,
      spans.filter(({ tenantIndex }) => tenantIndex === index),
    ),
  )
  const kept = { name: 'keep-layout', plan: keepLayoutPlan(problem) }
  const alternatives = [kept, ...others].map((own) => alternativeOf(problem, own))
  return {
    objective,
    terminal,
    objectiveMax: problem.tenants.reduce((sum, { valuePerAnswer }, index) => {
      return sum + valuePerAnswer * must(values[index]).arrivals
    }, 0),
    changes: handOvers(problem, plan).map((change) => changeOf(problem, uses, change)),
    alternatives: alternatives.sort((a, b) => rank(b) - rank(a)),
    limits: bindingLimits(problem, plan, { uses, values }),
    tenants: values.map((value, index) =>
      expectationOf(problem, must(problem.tenants[index]), { value, use: must(uses[index]) }),
    ),
  }
}

function alternativeOf(
  problem: PlanningProblem,
  { name, plan }: { readonly name: string; readonly plan: Plan },
): Alternative {
  const { objective, terminal } = valueOf(problem, plan)
  const check = checkPlan(problem, plan)
  const isLegal = check.kind === 'legal'
  const breach = isLegal ? null : must(check.breaches[0]).message
  return { name, isLegal, breach, objective, terminal }
}

/** Legal ones first. */
function rank({ isLegal, objective, terminal }: Alternative): number {
  return objective + terminal + (isLegal ? 1e6 : 0)
}

function changeOf(
  problem: PlanningProblem,
  uses: readonly TenantUse[],
  change: HandOver,
): LayoutChange {
  const effects = effectsOf(problem, uses, change)
  return {
    atSeconds: slotStartSeconds(problem, change.slot),
    comparedUntilSeconds: slotStartSeconds(problem, comparedUntil(problem, change)),
    gpu: change.gpu,
    from: change.givenUp.map((own) => givenUpHolding(problem, own)),
    to: change.begun.map((own) => begunHolding(problem, uses, own)),
    effects,
    net: effects.reduce((sum, own) => sum + own.objective + own.terminal, 0),
  }
}

function givenUpHolding(problem: PlanningProblem, own: GivenUp): Holding {
  const { place, tenantIndex, role, slot, isFinished } = own
  const where = whereOf(problem, place, tenantIndex)
  const atSeconds = slotStartSeconds(problem, slot)
  if (role === 'inference') return { ...where, role, atSeconds, servesFromSeconds: null }
  const outcome = { kind: isFinished ? 'finished' : 'stopped' } as const
  return { ...where, role, atSeconds, configurationId: must(own.configurationId), outcome }
}

function begunHolding(
  problem: PlanningProblem,
  uses: readonly TenantUse[],
  { span, place, readySlot }: Begun,
): Holding {
  const where = whereOf(problem, place, span.tenantIndex)
  const atSeconds = slotStartSeconds(problem, span.fromSlot)
  const { role } = span.tenure
  if (role.kind === 'inference') {
    const servesFromSeconds = slotStartSeconds(problem, readySlot)
    return { ...where, role: 'inference', atSeconds, servesFromSeconds }
  }
  const tenant = must(problem.tenants[span.tenantIndex])
  const expected = must(retrainingOutcome(problem, tenant, must(uses[span.tenantIndex])))
  const { configurationId, doneSeconds, accuracyGain } = expected
  const outcome = { kind: 'begun', doneSeconds, accuracyGain } as const
  return { ...where, role: 'retraining', atSeconds, configurationId, outcome }
}

function whereOf(
  problem: PlanningProblem,
  { gpu, profileId, start }: InstancePlace,
  tenantIndex: number,
) {
  const profile = profileById(must(problem.gpus[gpu]).model, profileId).name
  return { tenant: must(problem.tenants[tenantIndex]).id, profile, start }
}

function expectationOf(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  { value, use }: { readonly value: TenantValue; readonly use: TenantUse },
): TenantExpectation {
  return {
    ...value,
    retraining: retrainingOutcome(problem, tenant, use),
    missed: missedSpan(problem, tenant, use),
    oneMore: oneMore(problem, tenant, use),
  }
}

function retrainingOutcome(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  { retraining }: TenantUse,
): TenantExpectation['retraining'] {
  if (retraining === null) return null
  const { forecast, doneSlot } = retraining
  const at = Math.min(doneSlot, problem.slotCount - 1)
  const inside = (forecast.accuracyAfter[at] ?? 0) - (tenant.accuracyDeployed[at] ?? 0)
  const isInside = doneSlot < problem.slotCount
  return {
    configurationId: forecast.configurationId,
    doneSeconds: slotStartSeconds(problem, doneSlot),
    accuracyGain: isInside ? inside : forecast.accuracyTerminal - tenant.accuracyTerminal,
  }
}

function oneMore(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  use: TenantUse,
): TenantExpectation['oneMore'] {
  const able = problem.classes.flatMap((own, k) => {
    const gpu = problem.gpus.find(({ model }) => model.id === own.gpuModelId)
    if (gpu === undefined || (tenant.serving[k] ?? null) === null) return []
    const { computeSlices } = profileById(gpu.model, own.profileId)
    return [{ k, name: own.name, computeSlices }]
  })
  if (able.length === 0) return null
  const { k, name } = able.reduce((a, b) => (b.computeSlices < a.computeSlices ? b : a))
  const counts = use.counts.map((own) => own.map((count, i) => (i === k ? count + 1 : count)))
  const now = tenantValue(problem, tenant, use).objective
  return {
    profile: name,
    objective: tenantValue(problem, tenant, { ...use, counts }).objective - now,
  }
}
