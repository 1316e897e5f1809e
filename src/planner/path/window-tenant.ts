import { must } from '../../base/assert.ts'
import type { PlanningProblem, PlanningTenant } from '../../core/plan/problem.ts'
import { inferenceWarmUpSlots } from '../../core/plan/warm-up.ts'
import { curveFor, inTimeRpsOf, type ServiceCurve } from '../../core/workload/service-table.ts'
import {
  doneSlot,
  type RetrainingChoice,
  type RetrainingOption,
  retrainingOptionsOf,
  terminalShare,
} from './retraining-option.ts'

/** One tenant as the path planner sees it: slots instead of seconds, requests instead of rates. */
export type WindowTenant = {
  readonly index: number
  readonly tenant: PlanningTenant
  readonly warmUpSlots: number
  /** Per class of the problem. */
  readonly canServe: readonly boolean[]
  readonly options: readonly RetrainingOption[]
  /** Requests that arrive in the whole window. */
  readonly arrivals: number
  /** Goodput per unit of terminal accuracy (design 001, line 11). */
  readonly terminalWeight: number
  /**
   * Requests answered in time in each slot by that many instances of each class: d times A of
   * design 001, line 9. Filled in slots from .. until - 1 at least, and computed once.
   */
  readonly answers: (counts: readonly number[], from: number, until: number) => Float64Array
}

export function windowTenantsOf(problem: PlanningProblem): readonly WindowTenant[] {
  return problem.tenants.map((tenant, index) => windowTenantOf(problem, tenant, index))
}

function windowTenantOf(
  problem: PlanningProblem,
  tenant: PlanningTenant,
  index: number,
): WindowTenant {
  const { slotCount, slotSeconds } = problem
  const totalRps = tenant.arrivals.meanRps.reduce((sum, rate) => sum + rate, 0)
  const meanRps = totalRps / slotCount
  return {
    index,
    tenant,
    warmUpSlots: inferenceWarmUpSlots(problem, tenant),
    canServe: problem.classes.map((_, k) => (tenant.serving[k] ?? null) !== null),
    options: withoutDominated(
      retrainingOptionsOf(problem, tenant).filter((option) => isWorthwhile(tenant, option)),
    ),
    arrivals: totalRps * slotSeconds,
    terminalWeight: tenant.valuePerAnswer * problem.terminalSeconds * meanRps,
    answers: rememberedAnswers(tenant, slotSeconds),
  }
}

/** A version that is nowhere better than the deployed one is never worth an instance. */
function isWorthwhile(tenant: PlanningTenant, option: RetrainingOption): boolean {
  const isBetterAt = (t: number) => must(option.accuracyAfter[t]) > must(tenant.accuracyDeployed[t])
  return (
    option.accuracyTerminal > tenant.accuracyTerminal ||
    [...tenant.accuracyDeployed.keys()].some((t) => t >= option.slots && isBetterAt(t))
  )
}

/**
 * Options that no other beats in every way: as soon done on the same class, with as good a version.
 */
function withoutDominated(options: readonly RetrainingOption[]): readonly RetrainingOption[] {
  return options.filter(
    (option, index) =>
      !options.some((other, at) => {
        const isOther = at !== index && dominates(other, option)
        return isOther && (at < index || !dominates(option, other))
      }),
  )
}

function dominates(a: RetrainingOption, b: RetrainingOption): boolean {
  return (
    a.classIndex === b.classIndex &&
    a.kind === b.kind &&
    a.slots <= b.slots &&
    a.warmUpSlots <= b.warmUpSlots &&
    a.accuracyTerminal >= b.accuracyTerminal &&
    a.accuracyAfter.every((accuracy, t) => accuracy >= must(b.accuracyAfter[t]))
  )
}

function rememberedAnswers(
  { service, arrivals }: PlanningTenant,
  slotSeconds: number,
): WindowTenant['answers'] {
  const { meanRps, dispersion } = arrivals
  const known = new Map<
    string,
    { readonly row: Float64Array; readonly curve: ServiceCurve | null }
  >()
  return (counts, from, until) => {
    const key = counts.join(',')
    const entry = known.get(key) ?? {
      row: new Float64Array(meanRps.length).fill(Number.NaN),
      curve: curveFor(service, counts),
    }
    known.set(key, entry)
    const { row, curve } = entry
    for (let t = from; t < until; t += 1) {
      if (!Number.isNaN(row[t] as number)) continue
      row[t] = slotSeconds * inTimeRpsOf(service, curve, meanRps[t] as number, dispersion)
    }
    return row
  }
}

/** Design 001, line 8: the accuracy of the tenant's answers in slot t. */
export function accuracyIn(
  { tenant }: WindowTenant,
  choice: RetrainingChoice | null,
  t: number,
): number {
  const isDone = choice !== null && t >= doneSlot(choice)
  return must((isDone ? choice.option.accuracyAfter : tenant.accuracyDeployed)[t])
}

/** Design 001, line 11: what the tenant's accuracy at the end is worth. */
export function terminalValueOf(
  { tenant, terminalWeight }: WindowTenant,
  choice: RetrainingChoice | null,
  slotCount: number,
): number {
  if (choice === null) return terminalWeight * tenant.accuracyTerminal
  const share = terminalShare(choice, slotCount)
  const { accuracyTerminal } = choice.option
  return terminalWeight * (share * accuracyTerminal + (1 - share) * tenant.accuracyTerminal)
}

/** Requests that the tenant's floor asks to be answered in time; 0 without one. */
export function floorOf({ tenant, arrivals }: WindowTenant): number {
  return (tenant.sloAttainmentMin ?? 0) * arrivals
}
