import { availableParallelism } from 'node:os'
import type { SuiteResult } from '../../observe/suite/suite-result.ts'
import type { SuiteRow } from '../../observe/suite/suite-row.ts'
import type { FilePolicy } from '../policy-file/load-policy-files.ts'
import { runOnWorkers } from '../worker-pool.ts'
import { openResultsFile } from './results-file.ts'
import type { Scenario } from './scenarios.ts'
import type { GridEntry } from './suite-grid.ts'
import { dealer, groupsOf, weightOf } from './suite-groups.ts'
import { inputHashes, inputHashOf, inputsOf } from './suite-inputs.ts'
import { showSuiteProgress } from './suite-progress.ts'
import type { SuiteGroup, SuiteWorkerContext } from './suite-task.ts'

export type SuiteRun = {
  /** In the grid's order. */
  readonly rows: readonly SuiteRow[]
  readonly inputs: SuiteResult['inputs']
  /** How many rows were there already. */
  readonly found: number
}

/**
 * Makes the rows of a grid that the results file does not hold yet, on worker threads, and returns
 * all of them. Each is in the file as soon as it is made: interrupted, it goes on from there.
 */
export async function runSuite(options: {
  readonly grid: readonly GridEntry[]
  readonly scenarios: readonly Scenario[]
  readonly brought: readonly FilePolicy[]
  readonly resultsPath: string | null
  readonly workers: number | null
}): Promise<SuiteRun> {
  const { grid, scenarios, brought } = options
  const hashes = inputHashes(scenarios, brought)
  const entries = grid.map((own) => ({ ...own, inputHash: inputHashOf(own, hashes) }))
  const file = openResultsFile(options.resultsPath)
  const missing = entries.filter(({ inputHash }) => !file.rows.has(inputHash))
  const progress = showSuiteProgress({
    rows: entries.length,
    found: entries.length - missing.length,
    weight: missing.reduce((sum, own) => sum + weightOf(own), 0),
  })
  const groups = groupsOf(missing)
  const next = dealer(groups)
  const context: SuiteWorkerContext = {
    scenarios,
    policyFiles: brought.map(({ file: path }) => path),
  }
  await runOnWorkers<SuiteGroup, SuiteRow>({
    script: new URL('./suite-worker.js', import.meta.url),
    workerData: context,
    size: Math.min(groups.length, options.workers ?? availableParallelism()),
    next,
    onResult: (row) => {
      file.append(row)
      progress.step(row, weightOf(row))
    },
  }).finally(progress.stop)
  const rows = entries.flatMap(({ inputHash }) => file.rows.get(inputHash) ?? [])
  file.tidy(rows)
  return { rows, inputs: inputsOf(hashes), found: entries.length - missing.length }
}
