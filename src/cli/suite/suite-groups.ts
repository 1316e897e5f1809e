import { must } from '../../base/assert.ts'
import type { GridEntry } from './suite-grid.ts'
import type { SuiteGroup, SuiteTask } from './suite-task.ts'

/** Entries of one stage, scenario and seed together, stage by stage. */
export function groupsOf(
  entries: readonly (GridEntry & SuiteTask)[],
): readonly (SuiteGroup & { readonly stage: number })[] {
  const groups = new Map<
    string,
    { stage: number; scenario: string; seed: number; tasks: SuiteTask[] }
  >()
  for (const { stage, ...task } of entries) {
    const { scenario, seed } = task
    const key = JSON.stringify([stage, scenario, seed])
    const group = groups.get(key) ?? { stage, scenario, seed, tasks: [] }
    group.tasks.push(task)
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => a.stage - b.stage)
}

/**
 * Hands out groups so that a thread stays with a scenario as long as there are seeds of it: the
 * figures of a scenario take seconds to make.
 */
export function dealer(groups: readonly (SuiteGroup & { readonly stage: number })[]) {
  const left = [...groups]
  const holds = new Map<number, string>()
  return (worker: number): SuiteGroup | null => {
    const stage = left[0]?.stage
    const open = left.filter((own) => own.stage === stage)
    const isHeld = (scenario: string) => [...holds.values()].includes(scenario)
    const chosen =
      open.find((own) => own.scenario === holds.get(worker)) ??
      open.find((own) => !isHeld(own.scenario)) ??
      // The scenario with most left to do, so that threads end at about the same time.
      [...open].sort((a, b) => leftOf(open, b.scenario) - leftOf(open, a.scenario))[0]
    if (chosen === undefined) return null
    left.splice(left.indexOf(chosen), 1)
    holds.set(worker, chosen.scenario)
    return chosen
  }
}

function leftOf(open: readonly SuiteGroup[], scenario: string): number {
  return open.filter((own) => own.scenario === scenario).length
}

/** CPU seconds of one row, roughly, for the time that is left; `planner` is what planning takes. */
export function weightOf({ kind, policy }: Pick<SuiteTask, 'kind' | 'policy'>): number {
  const isPlanner = policy.startsWith('migrator')
  const weights = { run: isPlanner ? 4 : 0.6, overhead: 4, 'peak-load': isPlanner ? 4 : 1.5 }
  return must(weights[kind])
}
