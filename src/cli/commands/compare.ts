import { resolve } from 'node:path'
import { Command } from 'commander'
import { must } from '../../base/assert.ts'
import { compareRuns } from '../../observe/comparison.ts'
import { reportPage } from '../../observe/report/page.ts'
import { requireSimulation } from '../lab.ts'
import { loadSite, readSiteSource } from '../load-site.ts'
import { parsePolicyName, parsePolicyNames } from '../make-policy.ts'
import { withOutputOption, withSiteOption } from '../options.ts'
import { type OutputFormat, printResult, writeFileWhole } from '../output.ts'
import { loadPolicyFiles } from '../policy-file/load-policy-files.ts'
import { showProgress } from '../progress.ts'
import { describeSite, reportGpus } from '../provenance.ts'
import { runTasks } from '../run-pool.ts'
import { parseSeeds } from '../seeds.ts'
import { compareSuite } from '../suite/compare-suite.ts'
import { comparisonTable } from '../tables.ts'
import { UsageError } from '../usage-error.ts'

type Options = {
  readonly file?: string
  readonly policies?: string
  readonly policy: readonly string[]
  readonly seeds?: string
  readonly output: OutputFormat
  readonly report?: string
  readonly workers?: string
  readonly timings?: boolean
  readonly suite?: boolean
  readonly full?: boolean
  readonly scenarios?: string
  readonly results?: string
}

const defaultPolicies = 'migrator,migrator-blind-cold,static-best,equal'
const defaultReport = 'report.html'

/** `migrator compare`: policies x seeds on the same arrivals, paired, with a report. */
export function compareCommand(): Command {
  const command = new Command('compare')
    .description('Compare policies on the same arrivals, drift and truth, over several seeds')
    .option(
      '-p, --policies <list>',
      `policies, separated by commas (default: ${defaultPolicies}; the suite has its own)`,
    )
    .option('--policy <file>', 'a policy of yours, an ES module; may be repeated', collect, [])
    .option('-s, --seeds <seeds>', "a count (5) or a list (3,7,9) (default: the site's)")
    .option('--report <file>', `where to write the HTML report (default: ${defaultReport})`)
    .option('--workers <count>', 'worker threads (default: one per processor)')
    .option('--timings', 'add wall-clock figures, which differ from run to run')
    .option('--suite', 'instead of one site: all scenarios that come with the package')
    .option('--full', 'with --suite: costs x forecast error x drift x information; takes hours')
    .option('--scenarios <list>', 'with --suite: only these, separated by commas')
    .option('--results <file>', 'with --suite: keep rows there as JSON lines, and go on from them')
    .addHelpText(
      'after',
      '\nExample:\n  migrator compare -p migrator,static-best --seeds 10 -o json\n' +
        '  migrator compare --suite --seeds 10 --results rows.jsonl',
    )
    .action((options: Options) => (options.suite === true ? suite(options) : compare(options)))
  return withOutputOption(withSiteOption(command))
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

async function suite(options: Options): Promise<void> {
  if (options.file !== undefined) {
    throw new UsageError('--suite has its own sites: leave out --file, or take --scenarios')
  }
  await compareSuite({
    full: options.full === true,
    scenarios: options.scenarios,
    seeds: options.seeds,
    policies: options.policies,
    policyFiles: options.policy,
    results: options.results,
    report: options.report ?? defaultReport,
    workers: parseWorkers(options.workers),
    output: options.output,
  })
}

async function compare(options: Options): Promise<void> {
  refuseSuiteOptions(options)
  const source = readSiteSource(options.file)
  const site = loadSite(source)
  requireSimulation(site, source)
  parsePolicyName(site.policy)
  const brought = await loadPolicyFiles(options.policy, site)
  const asked = parsePolicyNames(options.policies ?? defaultPolicies, brought)
  const policies = [...new Set([...asked, ...brought.map(({ name }) => name)])]
  const given = must(site.simulation).seeds
  const seeds = options.seeds === undefined ? given : parseSeeds(options.seeds)
  const tasks = seeds.flatMap((seed) => policies.map((policy) => ({ policy, seed })))
  const progress = showProgress(tasks.length)
  const workers = parseWorkers(options.workers)
  const onDone = ({ policy, seed }: { policy: string; seed: number }) =>
    progress.step(`${policy}, seed ${seed}`)
  const context = { source, policyFiles: options.policy }
  const runs = await runTasks(context, tasks, { workers, onDone }).finally(progress.stop)
  const reference = must(policies[0])
  const comparison = compareRuns({ site: site.name, seeds, runs, reference })
  const page = reportPage({
    comparison,
    runs,
    gpus: reportGpus(site),
    windowSeconds: site.windowSeconds,
    provenance: describeSite(site),
  })
  const report = options.report ?? defaultReport
  writeFileWhole(report, page)
  const timings = runs.map(({ policy, seed, timings }) => ({ policy, seed, ...timings }))
  const result = options.timings === true ? { ...comparison, timings } : comparison
  printResult(options.output, result, () => comparisonTable(comparison))
  process.stderr.write(`Report: ${resolve(report)}\n`)
}

function refuseSuiteOptions({ full, scenarios, results }: Options): void {
  const given = { '--full': full, '--scenarios': scenarios, '--results': results }
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) throw new UsageError(`${name} goes with --suite only`)
  }
}

function parseWorkers(text: string | undefined): number | null {
  if (text === undefined) return null
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw new UsageError(`Cannot use --workers "${text}": accepted are 1 to 256`)
  }
  return count
}
