import { must, unreachable } from '../base/assert.ts'
import { explainPlan, type PlanExplanation } from '../core/plan/explain.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { type PlanValue, valueOf } from '../core/plan/value.ts'
import { planTimeline } from '../observe/plan-timeline.ts'
import { planWords } from '../observe/plan-words.ts'
import { textTable } from '../observe/text-table.ts'
import { count, percent } from '../observe/units.ts'
import { staticPlan } from '../policies/static-plan.ts'
import type { PlannedWindow } from './plan-window.ts'

/** What is said of a plan; an explanation is undefined where nobody asked for it. */
export type PlanReport = {
  readonly value: PlanValue | null
  readonly explanation: PlanExplanation | null | undefined
}

/** Null where there is no plan. */
export function worthOf({ problem, outcome }: PlannedWindow): PlanValue | null {
  return outcome.status === 'infeasible' ? null : valueOf(problem, outcome.plan)
}

/**
 * Compared with keeping what runs and, by MIG, with the best static layout; shares of a GPU are too
 * many to search. Null as `worthOf`.
 */
export function explanationOf({ problem, outcome }: PlannedWindow): PlanExplanation | null {
  if (outcome.status === 'infeasible') return null
  const fixed = outcome.plan.mechanism === 'mig' ? staticPlan(problem) : null
  const others = fixed === null ? [] : [{ name: 'static-best', plan: fixed }]
  return explainPlan(problem, outcome.plan, others)
}

export function planJson(
  { problem, outcome, planning }: PlannedWindow,
  { value, explanation }: PlanReport,
) {
  const { windowIndex, startSeconds, slotSeconds, slotCount } = problem
  const where = { window: windowIndex, startSeconds, slotSeconds, slotCount }
  const how = planning === null ? {} : { planning }
  const why = explanation === undefined ? how : { ...how, explanation }
  if (outcome.status === 'infeasible') {
    const { status, reason } = outcome
    return { status, objective: null, bound: null, gap: null, plan: null, reason, ...where, ...why }
  }
  const { status, objective, bound, gap, work, plan } = outcome
  const tenants = value?.tenants ?? null
  return { status, objective, bound, gap, plan, tenants, work, ...where, ...why }
}

export function planText(site: string, planned: PlannedWindow, report: PlanReport): string {
  const { problem, outcome } = planned
  const { value, explanation } = report
  const slots = `${problem.slotCount} slots of ${problem.slotSeconds} s`
  const when = `window ${problem.windowIndex}: ${slots} from ${problem.startSeconds} s`
  const head = `Site ${site}, ${when}`
  if (outcome.status === 'infeasible') {
    return [head, `infeasible: ${outcome.reason}`, ...planningWords(planned)].join('\n')
  }
  const proof =
    outcome.bound === null
      ? 'no bound was proven'
      : `bound ${outcome.bound.toFixed(5)}, gap ${percent(outcome.gap ?? 0, 2)}`
  const expected =
    value === null ? '' : `expected Goodput ${percent(windowGoodput(problem, value))}, `
  const worth = `${outcome.status}: ${expected}objective ${outcome.objective.toFixed(5)}, ${proof}`
  const scale = "The objective is this window's part of the run's Goodput."
  const timeline = planTimeline(problem, outcome.plan)
  const tenants = value === null ? [] : ['', tenantTable(value)]
  const why =
    explanation === undefined || explanation === null ? [] : ['', planWords(problem, explanation)]
  return [head, worth, scale, ...planningWords(planned), '', timeline, ...tenants, ...why].join(
    '\n',
  )
}

/** How long planning took, and what was wrong with it if anything was. */
function planningWords({ outcome, planning }: PlannedWindow): readonly string[] {
  if (planning === null) {
    return [`Planning is charged as ${outcome.work.chargedSeconds.toFixed(2)} s.`]
  }
  const { seconds, secondsMax, ended, faults } = planning
  const told = faults.length === 0 ? '' : ` (${faults.join('; ')})`
  const found = 'what is shown is the best that it had found until then'
  switch (ended) {
    case 'done':
      return [
        `Planned in ${seconds.toFixed(2)} s of ${secondsMax} s.`,
        ...(faults.length === 0 ? [] : [`Not all that the planner told was right${told}.`]),
      ]
    case 'deadline':
      return [`Planning was ended at its deadline of ${secondsMax} s; ${found}${told}.`]
    case 'failed':
      return [`Planning failed after ${seconds.toFixed(2)} s${told}; ${found}.`]
    default:
      return unreachable(ended)
  }
}

/**
 * The weighted mean over the tenants, as in the headline. The objective is this window's part of
 * the run's Goodput, so it is smaller.
 */
function windowGoodput(problem: PlanningProblem, value: PlanValue): number {
  let sum = 0
  let weights = 0
  for (const [index, { goodput }] of value.tenants.entries()) {
    if (goodput === null) continue
    const { weight } = must(problem.tenants[index])
    sum += weight * goodput
    weights += weight
  }
  return weights === 0 ? 0 : sum / weights
}

function tenantTable(value: PlanValue): string {
  const share = (number: number | null) => (number === null ? '–' : percent(number))
  return textTable(
    [
      { title: 'tenant', align: 'left', cell: ({ tenant }) => tenant },
      { title: 'expected Goodput', align: 'right', cell: ({ goodput }) => share(goodput) },
      { title: 'in SLO', align: 'right', cell: ({ sloAttainment }) => share(sloAttainment) },
      { title: 'accuracy', align: 'right', cell: ({ accuracy }) => share(accuracy) },
      { title: 'arrivals', align: 'right', cell: ({ arrivals }) => count(arrivals) },
      { title: 'in time', align: 'right', cell: ({ inTime }) => count(inTime) },
    ],
    value.tenants,
  )
}
