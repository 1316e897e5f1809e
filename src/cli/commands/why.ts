import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { explainPlan } from '../../core/plan/explain.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { planTimeline } from '../../observe/plan-timeline.ts'
import { planWords } from '../../observe/plan-words.ts'
import type { PlanView } from '../../runtime/daemon/api/state-view.ts'
import { askDaemon } from '../ask-daemon.ts'
import { defaultStateFolder } from '../node-options.ts'
import { withOutputOption } from '../options.ts'
import { type OutputFormat, printResult } from '../output.ts'
import { UsageError } from '../usage-error.ts'

type Options = { readonly stateDir: string; readonly url?: string; readonly output: OutputFormat }

type Told = PlanView & { readonly plan: Plan; readonly problem: PlanningProblem | null }

/** `migrator why`: what the plan in force expects, and what speaks for it. */
export function whyCommand(): Command {
  const command = new Command('why')
    .description('Explain the plan that the daemon of this node made last')
    .addOption(
      new Option('--state-dir <folder>', 'of the daemon')
        .default(defaultStateFolder(), 'by user')
        .env('MIGRATOR_STATE_DIR'),
    )
    .option('--url <url>', 'control API of the daemon (default: by its state directory)')
    .addHelpText('after', '\nExample:\n  migrator why --state-dir ./state')
    .action(async (options: Options) => {
      const from = { stateDir: resolve(options.stateDir), url: options.url ?? null }
      const told = (await askDaemon(from, '/v1/plan')) as Told
      const { plan, problem } = told
      if (problem === null) throw new UsageError('The problem of that plan is not kept any more')
      const explanation = explainPlan(problem, plan, [])
      printResult(options.output, { ...told, explanation }, () =>
        [
          `Plan of ${told.atSeconds.toFixed(1)} s (${told.reason}), ${told.status}` +
            (told.wasPutInForce ? '' : ', not put in force'),
          '',
          planTimeline(problem, plan),
          '',
          planWords(problem, explanation),
        ].join('\n'),
      )
    })
  return withOutputOption(command)
}
