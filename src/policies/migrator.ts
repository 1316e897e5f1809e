import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { stateHash } from '../core/plan/state-hash.ts'
import { valueOf } from '../core/plan/value.ts'
import { withoutOverhead } from '../core/plan/warm-up.ts'
import type { Policy } from '../core/policy.ts'
import { planPath } from '../planner/path/plan-path.ts'
import { stepsPerSecond } from '../planner/path/progress.ts'
import { chargedSecondsMax, planWindow } from '../planner/plan-window.ts'
import { preInitialise } from '../planner/pre-initialise.ts'
import { noSolver } from '../planner/solver.ts'
import type { PolicyContext } from './context.ts'
import { keptLayoutPlan } from './kept-layout.ts'

/** Whatever makes plans, and the time reserved before they take effect. */
type Planner = {
  readonly plan: (problem: PlanningProblem) => PlanOutcome
  readonly planningSecondsMax: number
}

/**
 * Work of the integer program that is charged about two seconds: enough for one GPU. A site that
 * allows less work (`planner.workMax`) gives the path planner as much less.
 */
const workMaxOfPlanning = 14_000
const refineStepsMax = 5_000

/**
 * The path planner (docs/designs/003). It may run over its steps by one piece of work, so half of
 * the reserved time is kept back; with several GPUs those pieces, and the search, are larger.
 */
function pathPlannerOf({ site }: PolicyContext): Planner {
  const planningSecondsMax = site.gpus.length === 1 ? 2 : 5
  const { gapTarget, workMax } = site.planner
  const share = Math.min(1, workMax / workMaxOfPlanning)
  const stepsMax = 0.5 * share * planningSecondsMax * stepsPerSecond
  return {
    plan: (problem) => plannedFromKept(problem, { stepsMax, gapTarget }),
    planningSecondsMax,
  }
}

/** The path planner from the best layout that could be kept, the search for which is charged. */
function plannedFromKept(
  problem: PlanningProblem,
  { stepsMax, gapTarget }: { readonly stepsMax: number; readonly gapTarget: number },
): PlanOutcome {
  const kept = keptLayoutPlan(problem)
  if (kept === null) return planPath(problem, { stepsMax, gapTarget })
  const { plan, steps } = kept
  const left = Math.max(1, stepsMax - steps)
  const outcome = planPath(problem, { stepsMax: left, gapTarget, incumbent: plan })
  const work = {
    steps: outcome.work.steps + steps,
    chargedSeconds: outcome.work.chargedSeconds + steps / stepsPerSecond,
  }
  return { ...outcome, work }
}

/** The integer program in coarse steps, refined; without a solver it refines the running layout. */
function programOf({ site, solver }: PolicyContext): Planner {
  const { coarseSlotSeconds, gapTarget } = site.planner
  const workMax = Math.min(site.planner.workMax, workMaxOfPlanning)
  const policy = 'migrator-ilp'
  const settings = { policy, coarseSlotSeconds, gapTarget, workMax, refineStepsMax }
  const versionCount = site.tenants.reduce((sum, { retraining }) => sum + 2 + retraining.length, 0)
  const slotCount = Math.ceil(site.windowSeconds / site.slotSeconds)
  const seconds = chargedSecondsMax(settings, { versionCount, slotCount })
  return {
    plan: (problem) => planWindow(problem, solver ?? noSolver, settings),
    planningSecondsMax: Math.max(2, Math.ceil(seconds)),
  }
}

const common = {
  mechanism: 'mig',
  epochs: ['window-start', 'retraining-done', 'deviation', 'failure'],
  information: { arrivals: 'forecast', retraining: 'forecast' },
} as const satisfies Partial<Policy>

/** Plans with the overhead of reconfiguration, so that instances are ready when they are needed. */
export function createMigrator(context: PolicyContext): Policy {
  return {
    ...common,
    ...pathPlannerOf(context),
    handover: 'make-first',
    name: 'migrator',
    describe:
      'Chooses for every slot which GPU instances exist and who holds each, for inference or ' +
      'retraining, to maximise Goodput, knowing what changes cost; its plans have a proven gap.',
  }
}

/** The same problem stated as an integer program and solved by HiGHS, as the paper does. */
export function createMigratorIlp(context: PolicyContext): Policy {
  return {
    ...common,
    ...programOf(context),
    handover: 'make-first',
    name: 'migrator-ilp',
    describe:
      'The same problem as an integer program in steps of some seconds, solved by HiGHS, placed ' +
      'and refined to one second: what migrator is held against.',
  }
}

/** Plans as if changes were free; they are not, and are begun when they are due. */
export function createMigratorBlindCold(context: PolicyContext): Policy {
  const { plan, planningSecondsMax } = pathPlannerOf(context)
  return {
    ...common,
    planningSecondsMax,
    name: 'migrator-blind-cold',
    describe:
      'The same planner blind to the overhead of reconfiguration; its plan is carried out as it ' +
      'is, every change begun when it is due. An ablation.',
    plan: (problem) => blindOutcome(problem, plan, 'migrator-blind-cold'),
  }
}

/** Plans as if changes were free, and builds ahead where slices are idle. */
export function createMigratorBlindPreinit(context: PolicyContext): Policy {
  const { plan, planningSecondsMax } = pathPlannerOf(context)
  return {
    ...common,
    planningSecondsMax,
    handover: 'make-first',
    name: 'migrator-blind-preinit',
    describe:
      'The same planner blind to the overhead of reconfiguration; instances are initialised ' +
      'ahead of their time where their memory slices happen to be idle, or the worker before ' +
      'leaves memory. An ablation.',
    plan: (problem) => blindOutcome(problem, plan, 'migrator-blind-preinit'),
  }
}

/** The plan for a world without overhead, and what it is worth in this one. It proves nothing. */
function blindOutcome(
  problem: PlanningProblem,
  plan: Planner['plan'],
  policy: 'migrator-blind-cold' | 'migrator-blind-preinit',
): PlanOutcome {
  // Where changes are free, nobody has to start beside anybody.
  const { takeovers: _takeovers, ...free } = withoutOverhead(problem)
  const outcome = plan(free)
  const made = outcome.status === 'infeasible' ? outcome.nearest : outcome.plan
  if (made === undefined) return outcome
  const cold = {
    ...made,
    policy,
    overhead: 'blind',
    stateHash: stateHash(problem),
  } as const
  const ahead = policy === 'migrator-blind-cold' ? cold : preInitialise(problem, cold)
  if (outcome.status === 'infeasible') return { ...outcome, nearest: ahead }
  const { objective } = valueOf(problem, ahead)
  return { ...outcome, status: 'feasible', plan: ahead, objective, bound: null, gap: null }
}
