import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { stateHash } from '../core/plan/state-hash.ts'
import { valueOf } from '../core/plan/value.ts'
import { withoutOverhead } from '../core/plan/warm-up.ts'
import type { Policy } from '../core/policy.ts'
import { planWindow } from '../planner/plan-window.ts'
import { preInitialise } from '../planner/pre-initialise.ts'
import { noSolver } from '../planner/solver.ts'
import type { PolicyContext } from './context.ts'

/** Whatever makes plans: the coarse program and its refinement, or another planner in its place. */
export type Planner = (problem: PlanningProblem) => PlanOutcome

/** LP iterations and edits that fit, with what placing takes, into the seconds reserved below. */
const workMaxOfPlanning = 14_000
const refineStepsMax = 5_000
const planningSecondsMax = 2

/** The planner of every mode; without a solver it refines the running layout. */
function plannerOf({ site, solver }: PolicyContext): Planner {
  const { coarseSlotSeconds, gapTarget, workMax } = site.planner
  const settings = {
    policy: 'migrator',
    coarseSlotSeconds,
    gapTarget,
    workMax: Math.min(workMax, workMaxOfPlanning),
    refineStepsMax,
  }
  return (problem) => planWindow(problem, solver ?? noSolver, settings)
}

/** Plans with the overhead of reconfiguration, so that instances are ready when they are needed. */
export function createMigrator(context: PolicyContext): Policy {
  return {
    ...common,
    name: 'migrator',
    describe:
      'Chooses for every slot which GPU instances exist and who holds each, for inference or ' +
      'retraining, by an integer program that maximises Goodput and knows what changes cost.',
    plan: plannerOf(context),
  }
}

/** Plans as if changes were free; they are not, and are begun when they are due. */
export function createMigratorBlindCold(context: PolicyContext): Policy {
  const planner = plannerOf(context)
  return {
    ...common,
    name: 'migrator-blind-cold',
    describe:
      'The same program blind to the overhead of reconfiguration; its plan is carried out as it ' +
      'is, every change begun when it is due. An ablation.',
    plan: (problem) => blindOutcome(problem, planner, 'migrator-blind-cold'),
  }
}

/** Plans as if changes were free, and builds ahead where slices are idle. */
export function createMigratorBlindPreinit(context: PolicyContext): Policy {
  const planner = plannerOf(context)
  return {
    ...common,
    name: 'migrator-blind-preinit',
    describe:
      'The same program blind to the overhead of reconfiguration; instances are initialised ' +
      'ahead of their time where their memory slices happen to be idle. An ablation.',
    plan: (problem) => blindOutcome(problem, planner, 'migrator-blind-preinit'),
  }
}

const common = {
  mechanism: 'mig',
  epochs: ['window-start', 'retraining-done', 'deviation', 'failure'],
  information: { arrivals: 'forecast', retraining: 'forecast' },
  planningSecondsMax,
} as const satisfies Partial<Policy>

/** The plan for a world without overhead, and what it is worth in this one. It proves nothing. */
function blindOutcome(
  problem: PlanningProblem,
  planner: Planner,
  policy: 'migrator-blind-cold' | 'migrator-blind-preinit',
): PlanOutcome {
  const outcome = planner(withoutOverhead(problem))
  if (outcome.status === 'infeasible') return outcome
  const cold = {
    ...outcome.plan,
    policy,
    overhead: 'blind',
    stateHash: stateHash(problem),
  } as const
  const plan = policy === 'migrator-blind-cold' ? cold : preInitialise(problem, cold)
  const { objective } = valueOf(problem, plan)
  return { ...outcome, status: 'feasible', plan, objective, bound: null, gap: null }
}
