import type { PlanningProblem } from '../core/plan/problem.ts'
import { keptLayoutPlan } from '../policies/kept-layout.ts'
import { createPlannerThread, type PlannerThreadOptions } from '../runtime/planner-thread.ts'
import type { PlannedWindow } from './plan-window.ts'
import { showPlanning } from './planning-progress.ts'
import { UsageError } from './usage-error.ts'

/** What a person waits for: the aims of the benchmark for one GPU, and for several. */
const secondsOfOneGpu = 1
const secondsOfSeveralGpus = 5
const secondsMost = 3600

/** `--seconds`; only migrator's own planner has a deadline by the clock. Null for all others. */
export function parseSeconds(
  text: string | undefined,
  { policy, gpuCount }: { readonly policy: string; readonly gpuCount: number },
): number | null {
  if (policy !== 'migrator') {
    if (text === undefined) return null
    throw new UsageError(`Cannot plan ${policy} by the clock: --seconds is for policy migrator`)
  }
  if (text === undefined) return gpuCount === 1 ? secondsOfOneGpu : secondsOfSeveralGpus
  const seconds = Number(text)
  if (text.trim() !== '' && seconds > 0 && seconds <= secondsMost) return seconds
  throw new UsageError(
    `Cannot plan in --seconds "${text}": accepted are numbers above 0, up to ${secondsMost}`,
  )
}

/**
 * Plans in the planner thread, with progress on a terminal, from the best layout that could simply
 * be kept, as policy migrator does; see runtime/planner-thread.ts.
 */
export async function planByClock(
  problem: PlanningProblem,
  asked: {
    readonly secondsMax: number
    readonly gapTarget: number
    readonly thread?: PlannerThreadOptions
  },
): Promise<PlannedWindow> {
  const { secondsMax, gapTarget } = asked
  const thread = createPlannerThread({ hasSpare: false, ...asked.thread })
  const kept = keptLayoutPlan(problem)
  await thread.ready()
  const progress = showPlanning(secondsMax)
  try {
    const onMessage = progress.tell
    const { outcome, ...how } = await thread.plan(problem, {
      secondsMax,
      gapTarget,
      onMessage,
      ...(kept === null ? {} : { incumbent: kept.plan }),
    })
    return { problem, outcome, planning: { ...how, secondsMax } }
  } finally {
    progress.stop()
    await thread.close()
  }
}
