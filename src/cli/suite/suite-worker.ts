import { workerData } from 'node:worker_threads'
import { must } from '../../base/assert.ts'
import type { SuiteRow } from '../../observe/suite/suite-row.ts'
import { createHighsSolver } from '../../planner/solver/highs.ts'
import { loadSite } from '../load-site.ts'
import { loadPolicyFiles } from '../policy-file/load-policy-files.ts'
import { serveTasks } from '../worker-port.ts'
import { runSuiteTask, type SuiteLab } from './run-suite-task.ts'
import type { SuiteGroup, SuiteWorkerContext } from './suite-task.ts'

/** A worker thread of the suite: all rows of a scenario and seed, one after another. */
const { scenarios, policyFiles } = workerData as SuiteWorkerContext
const solver = createHighsSolver()
/** Figures of one scenario are kept: the pool gives threads what they know already. */
let known: { readonly scenario: string; readonly lab: SuiteLab } | null = null

async function labOf(scenario: string): Promise<SuiteLab> {
  if (known?.scenario === scenario) return known.lab
  const { source } = must(scenarios.find((own) => own.name === scenario))
  const site = loadSite(source)
  const brought = await loadPolicyFiles(policyFiles, site)
  const lab = { site, solver: await solver, brought, turned: new Map() }
  known = { scenario, lab }
  return lab
}

serveTasks<SuiteGroup, SuiteRow>(async ({ scenario, tasks }, emit) => {
  const lab = await labOf(scenario)
  for (const task of tasks) emit(runSuiteTask(lab, task))
})
