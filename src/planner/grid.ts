import { must } from '../base/assert.ts'
import type { PlanningProblem, PlanningTenant } from '../core/plan/problem.ts'
import { inferenceServesFromSlot, inferenceWarmUpSlots, slotsFor } from '../core/plan/warm-up.ts'
import { CountStates } from './count-states.ts'
import { type Place, placeOf, placesOf } from './places.ts'
import { type ServingSet, type ServingSetOptions, servingSets } from './serving-sets.ts'
import {
  type TrainingOption,
  trainingOptions,
  type Version,
  versionsOf,
} from './training-options.ts'

/**
 * A planning problem made ready for a formulation: everything counted in slots, values looked up.
 * A *step* is what the model decides by: one or more slots of the problem. Step t covers the slots
 * [edges[t], edges[t + 1]); lengths stay in slots, so that coarse steps round only where they must.
 */
export type Grid = {
  readonly problem: PlanningProblem
  readonly edges: readonly number[]
  readonly stepCount: number
  readonly places: readonly Place[]
  readonly tenants: readonly GridTenant[]
  readonly residenceSlots: number
}

export type GridTenant = {
  readonly index: number
  readonly tenant: PlanningTenant
  readonly warmUpSlots: number
  /** Per place: the slot from which a block serves that holds it from slot 0 on. */
  readonly servesFromStart: readonly number[]
  /** Per place: whether its inference was serving there when the problem began. */
  readonly wasServing: readonly boolean[]
  readonly sets: readonly ServingSet[]
  readonly states: CountStates
  readonly versions: readonly Version[]
  readonly training: readonly TrainingOption[]
}

/** `stepSlots` = 1 is exact; a last step may be shorter than the others. */
export function makeGrid(
  problem: PlanningProblem,
  stepSlots: number,
  options: ServingSetOptions,
): Grid {
  const places = placesOf(problem)
  const edges: number[] = []
  for (let slot = 0; slot < problem.slotCount; slot += stepSlots) edges.push(slot)
  edges.push(problem.slotCount)
  return {
    problem,
    edges,
    stepCount: edges.length - 1,
    places,
    tenants: problem.tenants.map((tenant, index) =>
      gridTenant(problem, tenant, { index, places, options }),
    ),
    residenceSlots: slotsFor(problem.residenceSecondsMin, problem.slotSeconds),
  }
}

type TenantContext = {
  readonly index: number
  readonly places: readonly Place[]
  readonly options: ServingSetOptions
}

function gridTenant(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  { index, places, options }: TenantContext,
): GridTenant {
  const runningAt = places.map(
    (place) => problem.running.find((instance) => placeOf(places, instance) === place) ?? null,
  )
  const states = new CountStates(problem, tenant)
  return {
    index,
    tenant,
    warmUpSlots: inferenceWarmUpSlots(problem, tenant),
    servesFromStart: runningAt.map((running) =>
      inferenceServesFromSlot(problem, tenant, 0, running),
    ),
    wasServing: runningAt.map((running) => {
      const worker = running?.worker ?? null
      const isOwn = worker?.tenant === tenant.id && worker.role === 'inference'
      return isOwn && worker.readyInSeconds <= 0
    }),
    sets: servingSets(problem, tenant, { ...options, states }),
    states,
    versions: versionsOf(tenant),
    training: trainingOptions(problem, tenant, places),
  }
}

/** The first step that begins at or after the slot; `stepCount` + 1 if that lies past the end. */
export function stepFrom(grid: Grid, slot: number): number {
  if (slot > grid.problem.slotCount) return grid.stepCount + 1
  return grid.edges.findIndex((edge) => edge >= slot)
}

/** The last step that begins at or before the slot. */
export function stepUntil(grid: Grid, slot: number): number {
  let step = 0
  while (step + 1 < grid.stepCount && must(grid.edges[step + 1]) <= slot) step += 1
  return step
}

/** Goodput of a set in a step, by version; -1 is the deployed one (design 001, 10). */
export function stepValue(
  grid: Grid,
  { tenant, versions }: GridTenant,
  {
    set,
    version,
    step,
  }: { readonly set: ServingSet; readonly version: number; readonly step: number },
): number {
  const accuracy =
    version < 0 ? tenant.accuracyDeployed : must(versions[version]).forecast.accuracyAfter
  let value = 0
  for (let slot = must(grid.edges[step]); slot < must(grid.edges[step + 1]); slot += 1) {
    value += (accuracy[slot] as number) * (set.answeredRps[slot] as number)
  }
  return value * tenant.valuePerAnswer * grid.problem.slotSeconds
}

/** Requests answered in time in a step. */
export function stepAnswers(grid: Grid, set: ServingSet, step: number): number {
  let answers = 0
  for (let slot = must(grid.edges[step]); slot < must(grid.edges[step + 1]); slot += 1) {
    answers += set.answeredRps[slot] as number
  }
  return answers * grid.problem.slotSeconds
}
