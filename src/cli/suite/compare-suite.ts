import { resolve } from 'node:path'
import { must } from '../../base/assert.ts'
import { suitePage } from '../../observe/report/suite-page.ts'
import { type SuiteDescription, summariseSuite } from '../../observe/suite/summarise-suite.ts'
import { loadSite } from '../load-site.ts'
import { parsePolicyNames } from '../make-policy.ts'
import { type OutputFormat, printResult, writeFileWhole } from '../output.ts'
import { loadPolicyFiles } from '../policy-file/load-policy-files.ts'
import { parseSeeds } from '../seeds.ts'
import { runSuite } from './run-suite.ts'
import { readScenarios } from './scenarios.ts'
import {
  ablations,
  baseGrid,
  blindPlanner,
  comparedPolicies,
  fullGrid,
  type GridOptions,
  isContinuousLearning,
  referencePolicy,
} from './suite-grid.ts'
import { suiteTable } from './suite-table.ts'
import { suiteTimelines } from './suite-timelines.ts'

export type SuiteOptions = {
  readonly full: boolean
  readonly scenarios: string | undefined
  readonly seeds: string | undefined
  /** Undefined: the grid's own. */
  readonly policies: string | undefined
  readonly policyFiles: readonly string[]
  readonly results: string | undefined
  readonly report: string
  readonly workers: number | null
  readonly output: OutputFormat
}

/** Seeds of the base grid, and of the full one. */
const baseSeeds = '10'
const fullSeeds = '3'

/** `migrator compare --suite`: all scenarios, resumable, one result. */
export async function compareSuite(options: SuiteOptions): Promise<void> {
  const { full: isFull, policyFiles } = options
  const scenarios = readScenarios(options.scenarios)
  const brought = await loadPolicyFiles(policyFiles, loadSite(must(scenarios[0]).source))
  const grid: GridOptions = {
    scenarios: scenarios.map(({ name }) => name),
    seeds: parseSeeds(options.seeds ?? (isFull ? fullSeeds : baseSeeds)),
    policies: policiesOf(options, brought),
    brought: brought.map(({ name }) => name),
  }
  const { rows, inputs, found } = await runSuite({
    grid: isFull ? fullGrid(grid) : baseGrid(grid),
    scenarios,
    brought,
    resultsPath: options.results ?? null,
    workers: options.workers,
  })
  const result = summariseSuite(rows, { ...suiteDescription(grid, isFull), inputs })
  const timelines = await suiteTimelines(result, rows, { scenarios, policyFiles })
  writeFileWhole(options.report, suitePage(result, timelines))
  printResult(options.output, result, () => suiteTable(result))
  const kept = options.results === undefined ? '' : `, kept in ${resolve(options.results)}`
  process.stderr.write(`${rows.length} rows, ${found} of them found${kept}\n`)
  process.stderr.write(`Report: ${resolve(options.report)}\n`)
}

/** What stands beside what; without migrator, the first policy that was asked for leads. */
export function suiteDescription(
  grid: Pick<GridOptions, 'policies' | 'brought'>,
  isFull: boolean,
): Omit<SuiteDescription, 'inputs'> {
  const policies = comparedPolicies(grid, isFull)
  const reference = policies.includes(referencePolicy) ? referencePolicy : must(policies[0])
  return { policies, reference, isContinuousLearning, ablations, blindPlanner }
}

function policiesOf(
  { policies }: SuiteOptions,
  brought: Parameters<typeof parsePolicyNames>[1],
): readonly string[] | null {
  return policies === undefined ? null : parsePolicyNames(policies, brought)
}
