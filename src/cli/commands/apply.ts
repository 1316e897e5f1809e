import { Argument, Command, Option } from 'commander'
import { type Applied, type ApplyOptions, applyTargets } from '../../reconfigure/apply-targets.ts'
import { type AppliedFile, applyChange, type ChangeFile } from '../../reconfigure/change-file.ts'
import { clock } from '../../runtime/node/open-node.ts'
import { type AppliedReport, appliedReport, refusedReport, stepText } from '../applied-report.ts'
import { type ChangeInput, type InputOptions, readChangeInput } from '../change-input.ts'
import { interruptible } from '../interruptible.ts'
import { accessFor, type NodeView } from '../node-access.ts'
import {
  type NodeOptions,
  readNodeOptions,
  withDryRunOption,
  withNodeOptions,
} from '../node-options.ts'
import { withOutputOption } from '../options.ts'
import type { OutputFormat } from '../output.ts'
import { printReport } from '../print-report.ts'

type Options = NodeOptions &
  InputOptions & {
    readonly output: OutputFormat
    readonly dryRun?: boolean
    readonly ignoreOwners?: boolean
  }

const help = `
A saved plan is carried out exactly, from exactly the state it was made from, or refused. Of a
window's plan that is the layout it begins with; what it does later takes a daemon that moves work.
Every step is journalled before and after; what fails half-way is taken back.

Exit codes: 0 done or nothing to do · 4 refused, nothing was begun (drift, expired, busy, another
owner, no permission) · 5 failed, the GPUs are as before · 6 failed, a person has to look ·
64 a file that cannot be used · 130 interrupted between two steps.

Example:
  migrator plan -o plan.json && migrator apply plan.json
  migrator apply -f mig-parted.yaml --config all-1g.10gb --dry-run`

/** `migrator apply`: a saved plan or a mig-parted configuration, journalled. */
export function applyCommand(): Command {
  const command = new Command('apply')
    .description('Carry out a saved plan, or a configuration of a mig-parted file')
    .addArgument(new Argument('[plan]', 'what migrator plan -o wrote; - for stdin'))
    .addOption(new Option('-f, --file <file>', 'the same, or a mig-parted file; - for stdin'))
    .addOption(
      new Option('-c, --config <name>', 'configuration of the mig-parted file').env(
        'MIGRATOR_CONFIG',
      ),
    )
    .addOption(new Option('--ignore-owners', 'although other programs change layouts here'))
    .addHelpText('after', help)
    .action((path: string | undefined, options: Options) =>
      interruptible((signal) => apply(path, options, signal)),
    )
  return withOutputOption(withNodeOptions(withDryRunOption(command)))
}

async function apply(
  path: string | undefined,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const choice = readNodeOptions(options)
  const input = await readChangeInput(path, options)
  const isDryRun = options.dryRun === true
  await accessFor(
    choice,
    options,
  )(async (view) => {
    const report = await carry(input, view, {
      isDryRun,
      signal,
      onStep: (gpu, step) => void process.stderr.write(`  ${stepText(gpu, step, view.names)}\n`),
    })
    printReport(options.output, report)
  })
}

type Carry = Omit<ApplyOptions, 'why' | 'undoes'>

async function carry(
  input: ChangeInput,
  { context, names }: NodeView,
  options: Carry,
): Promise<AppliedReport> {
  if (input.kind === 'change') {
    const { file } = input
    const applied = await applyChange(context, file, { ...options, nowSeconds: clock() })
    return withLater(appliedReport(applied, names), applied, file)
  }
  const { migPartedTargets } = await import('../mig-parted-targets.ts')
  const asked = await migPartedTargets(context.device, input.file, input.config)
  if (asked.kind === 'refused') return refusedReport(asked.refusals)
  const why = `mig-parted configuration ${input.config}`
  const applied: Applied = await applyTargets(context, asked.targets, { ...options, why })
  return appliedReport(applied, names)
}

/** Says so where a plan goes on after its first layout. */
function withLater(report: AppliedReport, applied: AppliedFile, file: ChangeFile): AppliedReport {
  const isThere = applied.kind === 'done' || applied.kind === 'nothing-to-do'
  const [next] = file.later
  if (!isThere || next === undefined) return report
  const count = file.later.length
  const line =
    `This is the plan's first layout; it goes on after ${next.afterSeconds} s (${count} later ` +
    `${count === 1 ? 'step' : 'steps'}), which apply does not do`
  return { ...report, lines: [...report.lines, line], json: { ...report.json, laterSteps: count } }
}
