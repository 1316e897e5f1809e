import { must } from '../../base/assert.ts'
import type { ReportGpu } from '../../observe/report/report-gpu.ts'
import type { SuiteTimelines } from '../../observe/report/suite-page.ts'
import type { RunResult } from '../../observe/run-result.ts'
import type { SuiteResult } from '../../observe/suite/suite-result.ts'
import type { RunRow, SuiteRow } from '../../observe/suite/suite-row.ts'
import { createHighsSolver } from '../../planner/solver/highs.ts'
import { loadSite } from '../load-site.ts'
import { loadPolicyFiles } from '../policy-file/load-policy-files.ts'
import { reportGpus } from '../provenance.ts'
import { simulateTask } from './run-suite-task.ts'
import type { Scenario } from './scenarios.ts'

/** Shown if it was run, for its load moves most; else the first scenario. */
const shownScenario = 'cl-three-phases'
/** Beside the reference. */
const shownOthers = ['static-best', 'ekya']

/** Runs of the first seed once more, for their timelines: rows do not hold them. */
export async function suiteTimelines(
  result: SuiteResult,
  rows: readonly SuiteRow[],
  from: { readonly scenarios: readonly Scenario[]; readonly policyFiles: readonly string[] },
): Promise<SuiteTimelines> {
  const { scenarios, policyFiles } = from
  const scenario = scenarios.find(({ name }) => name === shownScenario) ?? must(scenarios[0])
  const site = loadSite(scenario.source)
  const brought = await loadPolicyFiles(policyFiles, site)
  const lab = { site, solver: await createHighsSolver(), brought, turned: new Map() }
  const seed = must(result.seeds[0])
  const policies = [result.reference, ...shownOthers]
  const shown = policies.flatMap((policy) => {
    const isIt = (row: SuiteRow): row is RunRow =>
      row.kind === 'run' &&
      row.scenario === scenario.name &&
      row.seed === seed &&
      row.policy === policy &&
      Object.keys(row.knobs).length === 0
    return rows.find(isIt) ?? []
  })
  const runs = shown.map((row) => {
    const { result: run, shownSite } = simulateTask(lab, row)
    return { run, gpus: reportGpus(shownSite).map((gpu) => shownGpu(gpu, run, row)) }
  })
  return { scenario: scenario.name, seed, runs, windowSeconds: site.windowSeconds }
}

/** Of a shared GPU the seats that were taken; there are more than anybody uses. */
function shownGpu(gpu: ReportGpu, { timeline }: RunResult, { mechanism }: RunRow): ReportGpu {
  if (mechanism === 'mig') return gpu
  const taken = timeline.filter((span) => span.gpu === gpu.index)
  const memorySlices = Math.max(1, ...taken.map(({ start, size }) => start + size))
  return { ...gpu, memorySlices, rowName: 'client' }
}
