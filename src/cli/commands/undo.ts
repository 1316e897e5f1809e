import { Command, Option } from 'commander'
import { undo } from '../../reconfigure/undo.ts'
import { appliedReport, stepText } from '../applied-report.ts'
import { exitCodes } from '../exit-codes.ts'
import { interruptible } from '../interruptible.ts'
import { accessFor } from '../node-access.ts'
import {
  type NodeOptions,
  readNodeOptions,
  withDryRunOption,
  withNodeOptions,
} from '../node-options.ts'
import { withOutputOption } from '../options.ts'
import type { OutputFormat } from '../output.ts'
import { printReport } from '../print-report.ts'

type Options = NodeOptions & {
  readonly output: OutputFormat
  readonly dryRun?: boolean
  readonly ignoreOwners?: boolean
}

/** `migrator undo`: back to the layouts before the newest change that still stands. */
export function undoCommand(): Command {
  const command = new Command('undo')
    .description('Go back to the layouts before the newest change; once more goes back further')
    .addOption(new Option('--ignore-owners', 'although other programs change layouts here'))
    .addHelpText(
      'after',
      '\nA change that was interrupted or failed half-way is taken back to before it began.' +
        '\nExit codes as for apply.' +
        '\n\nExample:\n  migrator undo --dry-run && migrator undo',
    )
    .action((options: Options) => interruptible((signal) => goBack(options, signal)))
  return withOutputOption(withNodeOptions(withDryRunOption(command)))
}

async function goBack(options: Options, signal: AbortSignal): Promise<void> {
  const isDryRun = options.dryRun === true
  await accessFor(
    readNodeOptions(options),
    options,
  )(async ({ context, names }) => {
    const gpus = names.gpus.map(({ uuid }) => uuid)
    const undone = await undo(context, gpus, {
      isDryRun,
      signal,
      onStep: (gpu, step) => void process.stderr.write(`  ${stepText(gpu, step, names)}\n`),
    })
    if (undone.kind === 'nothing-to-undo') {
      const lines = ['Nothing to undo: the journal knows of no change on these GPUs']
      return printReport(options.output, { code: exitCodes.done, lines, json: undone })
    }
    const { change, why } = undone.change
    const report = appliedReport(undone.applied, names)
    const lines = [`Undo of change ${change} (${why})`, ...report.lines]
    printReport(options.output, { ...report, lines }, { change, why })
  })
}
