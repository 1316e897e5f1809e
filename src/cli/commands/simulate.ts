import { Command } from 'commander'
import { must } from '../../base/assert.ts'
import { compareRuns } from '../../observe/comparison.ts'
import { createLab } from '../lab.ts'
import { readSiteSource } from '../load-site.ts'
import { parsePolicyName } from '../make-policy.ts'
import { withOutputOption, withSiteOption } from '../options.ts'
import { type OutputFormat, printResult } from '../output.ts'
import { parseSeed } from '../seeds.ts'
import { runTable } from '../tables.ts'

type Options = {
  readonly file?: string
  readonly policy?: string
  readonly seed: string
  readonly output: OutputFormat
  readonly timings?: boolean
}

/** `migrator simulate`: one policy, one seed, every tenant and window. */
export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description('Simulate one policy on a site, request by request')
    .option('-p, --policy <name>', "policy to run (default: the site's)")
    .option('--seed <number>', 'seed of arrivals, truth and labels', '1')
    .option('--timings', 'add wall-clock figures, which differ from run to run')
    .addHelpText('after', '\nExample:\n  migrator simulate --policy static-best --seed 3 -o json')
    .action(async (options: Options) => {
      const seed = parseSeed(options.seed)
      const lab = await createLab(readSiteSource(options.file))
      const policy = parsePolicyName(options.policy ?? lab.site.policy)
      const run = lab.run(policy, seed)
      const summary = compareRuns({
        site: lab.site.name,
        seeds: [seed],
        runs: [run],
        reference: policy,
      })
      const result = {
        site: lab.site.name,
        ...must(summary.runs[0]),
        windows: run.tenants.map(({ tenant, perWindow }) => ({ tenant, windows: perWindow })),
        plans: run.plans.map(({ plan: _, ...record }) => record),
        ...(options.timings === true ? { timings: run.timings } : {}),
      }
      printResult(options.output, result, () => runTable(lab.site.name, run))
    })
  return withOutputOption(withSiteOption(command))
}
