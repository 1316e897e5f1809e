import { must } from '../base/assert.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { valueOf } from '../core/plan/value.ts'
import type { FixedInstance } from './fixed-instance.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { findStaticBest } from './static-best-search.ts'
import { runningLayout } from './window-layout.ts'

/** A plan, and the steps of the path planner (`stepsPerSecond`) that finding it counts as. */
export type KeptLayoutPlan = { readonly plan: Plan; readonly steps: number }

/** One layout with its assignment is valued in 25 to 35 microseconds on one core. */
const stepsPerLayout = 3500
/** A plan of it is made, checked and valued in about a millisecond. */
const stepsPerPlan = 100_000

/**
 * The best layout that could simply be kept to the problem's end, with retraining handed round on
 * what nobody serves with: found at once, and what a plan that changes has to beat. Either the best
 * there is, whatever it takes to get there, or the one that runs, with up to one of its instances
 * given to retraining. Null where none can be carried out.
 */
export function keptLayoutPlan(problem: PlanningProblem): KeptLayoutPlan | null {
  const { layout, tried } = findStaticBest({
    windows: [problem],
    outlook: (tenant) => must(problem.tenants[tenant]),
  })
  const layouts = [layout, ...nearRunning(problem)]
  const steps = stepsPerLayout * tried + stepsPerPlan * layouts.length
  let best: { readonly plan: Plan; readonly worth: number } | null = null
  for (const one of layouts) {
    const outcome = fixedLayoutOutcome(problem, 'migrator', one)
    if (outcome.status === 'infeasible') continue
    const { objective, terminal } = valueOf(problem, outcome.plan)
    const worth = objective + terminal
    if (best === null || worth > best.worth) best = { plan: outcome.plan, worth }
  }
  return best === null ? null : { plan: best.plan, steps }
}

function nearRunning(problem: PlanningProblem): readonly (readonly FixedInstance[])[] {
  if (problem.running.length === 0) return []
  const running = runningLayout(problem)
  const tenants = problem.tenants.map((_, tenant) => tenant)
  const given = running.flatMap(({ place, use }, i) =>
    use.kind === 'inference' ? [running.with(i, { place, use: { kind: 'pool', tenants } })] : [],
  )
  return [running, ...given]
}
