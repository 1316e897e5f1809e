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
import { showProgress } from '../progress.ts'
import { describeSite, reportGpus } from '../provenance.ts'
import { runTasks } from '../run-pool.ts'
import { parseSeeds } from '../seeds.ts'
import { comparisonTable } from '../tables.ts'
import { UsageError } from '../usage-error.ts'

type Options = {
  readonly file?: string
  readonly policies: string
  readonly seeds?: string
  readonly output: OutputFormat
  readonly report: string
  readonly workers?: string
  readonly timings?: boolean
}

const defaultPolicies = 'migrator,migrator-blind-cold,static-best,equal'

/** `migrator compare`: policies x seeds on the same arrivals, paired, with a report. */
export function compareCommand(): Command {
  const command = new Command('compare')
    .description('Compare policies on the same arrivals, drift and truth, over several seeds')
    .option('-p, --policies <list>', 'policies, separated by commas', defaultPolicies)
    .option('-s, --seeds <seeds>', "a count (5) or a list (3,7,9) (default: the site's)")
    .option('--report <file>', 'where to write the HTML report', 'report.html')
    .option('--workers <count>', 'worker threads (default: one per processor)')
    .option('--timings', 'add wall-clock figures, which differ from run to run')
    .addHelpText(
      'after',
      '\nExample:\n  migrator compare -p migrator,static-best --seeds 10 -o json',
    )
    .action(compare)
  return withOutputOption(withSiteOption(command))
}

async function compare(options: Options): Promise<void> {
  const source = readSiteSource(options.file)
  const site = loadSite(source)
  requireSimulation(site, source)
  parsePolicyName(site.policy)
  const policies = parsePolicyNames(options.policies)
  const given = must(site.simulation).seeds
  const seeds = options.seeds === undefined ? given : parseSeeds(options.seeds)
  const tasks = seeds.flatMap((seed) => policies.map((policy) => ({ policy, seed })))
  const progress = showProgress(tasks.length)
  const workers = parseWorkers(options.workers)
  const onDone = ({ policy, seed }: { policy: string; seed: number }) =>
    progress.step(`${policy}, seed ${seed}`)
  const runs = await runTasks({ source }, tasks, { workers, onDone }).finally(progress.stop)
  const reference = must(policies[0])
  const comparison = compareRuns({ site: site.name, seeds, runs, reference })
  const page = reportPage({
    comparison,
    runs,
    gpus: reportGpus(site),
    windowSeconds: site.windowSeconds,
    provenance: describeSite(site),
  })
  writeFileWhole(options.report, page)
  const timings = runs.map(({ policy, seed, timings }) => ({ policy, seed, ...timings }))
  const result = options.timings === true ? { ...comparison, timings } : comparison
  printResult(options.output, result, () => comparisonTable(comparison))
  process.stderr.write(`Report: ${resolve(options.report)}\n`)
}

function parseWorkers(text: string | undefined): number | null {
  if (text === undefined) return null
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw new UsageError(`Cannot use --workers "${text}": accepted are 1 to 256`)
  }
  return count
}
