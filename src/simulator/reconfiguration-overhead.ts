import type { Plan } from '../core/plan/plan.ts'
import { blocksOf, coldBlocksOf } from '../core/plan/plan-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Policy } from '../core/policy.ts'
import { headline } from '../observe/goodput.ts'
import type { RunResult } from '../observe/run-result.ts'
import { type BlocksOfPlan, replayPolicy } from './replay.ts'
import { type SimulateOptions, simulate } from './run.ts'

/** What reconfiguration cost in one run. */
export type OverheadFigures = {
  /** Requests that slices held without serving could have answered, where they went unanswered. */
  readonly lostRequests: number
  readonly reconfigurations: number
  /** Windows whose plan could not be carried out this way. */
  readonly plansLeftOut: number
  readonly goodput: number
}

/** One planner's plans, carried out in two ways. */
export type OverheadComparison = {
  readonly cold: OverheadFigures
  readonly preInitialised: OverheadFigures
  /** 1 - lost when pre-initialised / lost when cold; null where nothing is lost either way. */
  readonly reduction: number | null
}

/**
 * The same plans carried out cold (every worker begun when it is to serve, nobody beside anybody)
 * and pre-initialised. A planner that knows the overhead has its plans pre-initialised as they are;
 * those of one that is blind to it are built ahead by `preInitialise` as far as slices happen to be
 * idle, or memory to be free. Plans are made at window starts only, so that both ways meet the same
 * moments.
 */
export function compareOverhead(
  run: Omit<SimulateOptions, 'policy'>,
  planner: Policy,
  preInitialise: (problem: PlanningProblem, plan: Plan) => Plan,
): OverheadComparison {
  const policy: Policy = { ...planner, epochs: ['window-start'] }
  const result = simulate({ ...run, policy })
  const isBlind = result.plans.some(({ plan }) => plan?.overhead === 'blind')
  const replay = (how: {
    blocksOf: BlocksOfPlan
    isCold: boolean
    change?: typeof preInitialise
  }) => {
    const { isCold, ...rest } = how
    const name = `${policy.name}, ${isCold ? 'cold' : 'ahead'}`
    const handover = isCold ? 'break-first' : 'make-first'
    const again = { ...replayPolicy({ policy, result }, { name, ...rest }), handover } as const
    return simulate({ ...run, policy: again })
  }
  const isColdAsMade = isBlind && policy.handover !== 'make-first'
  const coldRun = isColdAsMade
    ? result
    : replay({ blocksOf: isBlind ? blocksOf : coldBlocksOf, isCold: true })
  const aheadRun = isBlind ? replay({ blocksOf, isCold: false, change: preInitialise }) : result
  const cold = overheadOf(coldRun)
  const preInitialised = overheadOf(aheadRun)
  const reduction =
    cold.lostRequests > 0 ? 1 - preInitialised.lostRequests / cold.lostRequests : null
  return { cold, preInitialised, reduction }
}

export function overheadOf(run: RunResult): OverheadFigures {
  const { tenants, reconfigurations, plans } = run
  return {
    lostRequests: tenants.reduce((sum, own) => sum + own.capacityLostRequests, 0),
    reconfigurations,
    plansLeftOut: plans.filter(({ status }) => status === 'infeasible').length,
    goodput: headline(run).goodput,
  }
}
