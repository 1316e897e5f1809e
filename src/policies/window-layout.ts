import { must } from '../base/assert.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { FixedInstance } from './fixed-instance.ts'
import { fixedLayoutOutcome } from './fixed-layout.ts'
import { findStaticBest } from './static-best-search.ts'

/**
 * The layout and assignment that, kept for this problem, brings most of what `expected` expects of
 * it, or the one that runs where that is worth as much once changing is paid for.
 */
export function bestLayoutFor(
  problem: PlanningProblem,
  expected: PlanningProblem,
): readonly FixedInstance[] {
  const { layout } = findStaticBest({
    windows: [expected],
    outlook: (tenant) => must(expected.tenants[tenant]),
  })
  const running = runningLayout(problem)
  if (problem.isFirstLayoutFree || running.length === 0) return layout
  return worthOf(problem, running) >= worthOf(problem, layout) ? running : layout
}

function worthOf(problem: PlanningProblem, layout: readonly FixedInstance[]): number {
  const outcome = fixedLayoutOutcome(problem, 'trial', layout)
  return outcome.status === 'infeasible' ? -Infinity : outcome.objective
}

/** Instances that serve go on serving; the others are everybody's to retrain on. */
export function runningLayout({ running, tenants }: PlanningProblem): readonly FixedInstance[] {
  const everybody = tenants.map((_, tenant) => tenant)
  return running.map(({ gpu, profileId, start, worker }): FixedInstance => {
    const tenant = tenants.findIndex(({ id }) => id === worker?.tenant)
    const serves = worker?.role === 'inference' && tenant >= 0
    const use = serves
      ? ({ kind: 'inference', tenant } as const)
      : ({ kind: 'pool', tenants: everybody } as const)
    return { place: { gpu, profileId, start }, use }
  })
}
