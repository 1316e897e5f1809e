import { Command } from 'commander'
import { must } from '../../base/assert.ts'
import { createHighsSolver } from '../../planner/solver/highs.ts'
import { serviceTables } from '../../simulator/service-tables.ts'
import { exitCodes } from '../exit-codes.ts'
import { requireSimulation } from '../lab.ts'
import { loadSite, readSiteSource } from '../load-site.ts'
import { makePolicy, parsePolicyName } from '../make-policy.ts'
import { withSiteOption } from '../options.ts'
import { printResult } from '../output.ts'
import { parseSeconds, planByClock } from '../plan-by-clock.ts'
import { explanationOf, planJson, planText, worthOf } from '../plan-report.ts'
import { problemOf } from '../plan-window.ts'
import { pendingOnNode, type SaveOptions, saveHelp, withSaveOptions } from '../save-plan.ts'
import { parseSeed } from '../seeds.ts'
import { UsageError } from '../usage-error.ts'
import { parseStep, writeProgram } from '../write-program.ts'

type Options = SaveOptions & {
  readonly file?: string
  readonly policy?: string
  readonly seed: string
  readonly window: string
  readonly seconds?: string
  readonly explain?: true
  readonly lp?: string
  readonly lpStep?: string
}

/** `migrator plan`: one window's plan, its worth and its bound. */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('Plan one window: timeline, objective, bound, gap, what each tenant may expect')
    .option('-p, --policy <name>', "policy that plans (default: the site's)")
    .option('-w, --window <index>', 'window to plan; those before it are simulated first', '0')
    .option(
      '--seconds <number>',
      "migrator's deadline by the clock (default: 1; 5 on several GPUs)",
    )
    .option('--seed <number>', 'seed of arrivals, truth and labels', '1')
    .option('--explain', 'say why: who gains by each change, the runner-up, what limits the plan')
    .option('--lp <file>', "write the window's integer program as LP text (- for stdout) and stop")
    .option('--lp-step <seconds>', "what it decides by; the slot is exact (default: the site's)")
    .addHelpText('after', saveHelp)
    .action(plan)
  return withSaveOptions(withSiteOption(command))
}

async function plan(options: Options): Promise<void> {
  const source = readSiteSource(options.file)
  const site = loadSite(source)
  requireSimulation(site, source)
  const windows = Math.ceil(must(site.simulation).durationSeconds / site.windowSeconds)
  const window = parseWindow(options.window, windows)
  const seed = parseSeed(options.seed)
  const stepSlots = parseStep(options.lpStep, site)
  const name = parsePolicyName(options.policy ?? site.policy)
  const secondsMax = parseSeconds(options.seconds, { policy: name, gpuCount: site.gpus.length })
  const [services, solver] = [serviceTables(site), await createHighsSolver()]
  const policy = makePolicy(name, { site, seed, services, solver })
  const problem = problemOf({ site, policy, seed, services, window })
  if (options.lp !== undefined) {
    writeProgram(options.lp, problem, stepSlots)
    return
  }
  const planned =
    secondsMax === null
      ? { problem, outcome: policy.plan(problem), planning: null }
      : await planByClock(problem, { secondsMax, gapTarget: site.planner.gapTarget })
  const report = {
    value: worthOf(planned),
    explanation: options.explain === true ? explanationOf(planned) : undefined,
  }
  const pending = await pendingOnNode(planned, { ...options, siteName: site.name })
  printResult(options.output.format, { ...planJson(planned, report), ...pending?.json }, () =>
    [planText(site.name, planned, report), ...(pending === null ? [] : ['', pending.text])].join(
      '\n',
    ),
  )
  if (planned.outcome.status === 'infeasible') process.exitCode = exitCodes.infeasible
}

function parseWindow(text: string, windows: number): number {
  const window = Number(text)
  if (Number.isInteger(window) && window >= 0 && window < windows && text.trim() !== '')
    return window
  throw new UsageError(`Cannot plan window "${text}": accepted are 0 to ${windows - 1}`)
}
