import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { stateHash } from '../core/plan/state-hash.ts'
import { valueOf } from '../core/plan/value.ts'
import { withoutOverhead } from '../core/plan/warm-up.ts'
import type { Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import { chargedSecondsMax, type PlanWindowSettings, planWindow } from '../planner/plan-window.ts'
import { preInitialise } from '../planner/pre-initialise.ts'
import { noSolver } from '../planner/solver.ts'
import type { PolicyContext } from './context.ts'

/** Whatever makes plans: the coarse program and its refinement, or another planner in its place. */
export type Planner = (problem: PlanningProblem) => PlanOutcome

/** Work that is charged about two seconds, and is enough for one GPU with four tenants. */
const workMaxOfPlanning = 14_000
const refineStepsMax = 5_000
const planningSecondsMin = 2

function settingsOf({ planner }: Site): PlanWindowSettings {
  const { coarseSlotSeconds, gapTarget } = planner
  const workMax = Math.min(planner.workMax, workMaxOfPlanning)
  return { policy: 'migrator', coarseSlotSeconds, gapTarget, workMax, refineStepsMax }
}

/** The planner of every mode; without a solver it refines the running layout. */
function plannerOf({ site, solver }: PolicyContext): Planner {
  const settings = settingsOf(site)
  return (problem) => planWindow(problem, solver ?? noSolver, settings)
}

/** What all modes have in common. A plan takes effect after the time reserved for making it. */
function commonOf({ site }: PolicyContext) {
  const versionCount = site.tenants.reduce((sum, { retraining }) => sum + 2 + retraining.length, 0)
  const slotCount = Math.ceil(site.windowSeconds / site.slotSeconds)
  const seconds = chargedSecondsMax(settingsOf(site), { versionCount, slotCount })
  return {
    mechanism: 'mig',
    epochs: ['window-start', 'retraining-done', 'deviation', 'failure'],
    information: { arrivals: 'forecast', retraining: 'forecast' },
    planningSecondsMax: Math.max(planningSecondsMin, Math.ceil(seconds)),
  } as const satisfies Partial<Policy>
}

/** Plans with the overhead of reconfiguration, so that instances are ready when they are needed. */
export function createMigrator(context: PolicyContext): Policy {
  return {
    ...commonOf(context),
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
    ...commonOf(context),
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
    ...commonOf(context),
    name: 'migrator-blind-preinit',
    describe:
      'The same program blind to the overhead of reconfiguration; instances are initialised ' +
      'ahead of their time where their memory slices happen to be idle. An ablation.',
    plan: (problem) => blindOutcome(problem, planner, 'migrator-blind-preinit'),
  }
}

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
