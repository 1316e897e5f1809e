import { Argument, Command, Option } from 'commander'
import { type Difference, differences, targetsOfFile } from '../../reconfigure/change-file.ts'
import type { Target } from '../../reconfigure/change-layout.ts'
import { placeText } from '../../reconfigure/explain-refusal.ts'
import type { NodeNames } from '../../reconfigure/node-names.ts'
import { type AppliedReport, refusedReport } from '../applied-report.ts'
import { type ChangeInput, type InputOptions, readChangeInput } from '../change-input.ts'
import { exitCodes } from '../exit-codes.ts'
import { looking, type NodeView } from '../node-access.ts'
import { type NodeOptions, readNodeOptions, withNodeOptions } from '../node-options.ts'
import { withOutputOption } from '../options.ts'
import type { OutputFormat } from '../output.ts'
import { printReport } from '../print-report.ts'

type Options = NodeOptions & InputOptions & { readonly output: OutputFormat }

/** `migrator assert`: whether the GPUs have what a file asks for. */
export function assertCommand(): Command {
  const command = new Command('assert')
    .description(
      'Say whether a saved plan or a mig-parted configuration is applied: exit code 0 or 1',
    )
    .addArgument(new Argument('[plan]', 'what migrator plan -o wrote; - for stdin'))
    .addOption(new Option('-f, --file <file>', 'the same, or a mig-parted file; - for stdin'))
    .addOption(
      new Option('-c, --config <name>', 'configuration of the mig-parted file').env(
        'MIGRATOR_CONFIG',
      ),
    )
    .addHelpText(
      'after',
      '\nReads only; of a mig-parted file only counts matter, not places.' +
        '\n\nExample:\n  migrator assert plan.json || migrator apply plan.json',
    )
    .action(async (path: string | undefined, options: Options) => {
      const choice = readNodeOptions(options)
      const input = await readChangeInput(path, options)
      await looking(choice, async (view) => {
        printReport(options.output, await compare(input, view))
      })
    })
  return withOutputOption(withNodeOptions(command))
}

async function compare(input: ChangeInput, { context, names }: NodeView): Promise<AppliedReport> {
  const { device } = context
  if (input.kind === 'change') return reportOn(targetsOfFile(input.file), device, names)
  const { migPartedTargets } = await import('../mig-parted-targets.ts')
  const asked = await migPartedTargets(device, input.file, input.config)
  // What could not be applied is not applied either.
  if (asked.kind === 'refused') {
    return { ...refusedReport(asked.refusals), code: exitCodes.notApplied }
  }
  return reportOn(asked.targets, device, names)
}

async function reportOn(
  targets: readonly Target[],
  device: NodeView['context']['device'],
  names: NodeNames,
): Promise<AppliedReport> {
  const found = await differences(device, targets)
  if (found.length === 0) {
    return { code: exitCodes.done, lines: ['Applied'], json: { applied: true, differences: [] } }
  }
  const lines = found.flatMap((own) => differenceLines(own, names))
  const json = { applied: false, differences: found }
  return { code: exitCodes.notApplied, lines: ['Not applied', ...lines], json }
}

function differenceLines(
  { gpu, missing, unexpected }: Difference,
  names: NodeNames,
): readonly string[] {
  const where = names.gpu(gpu)
  return [
    ...missing.map((own) => `  missing on ${where}: ${placeText(gpu, own, names)}`),
    ...unexpected.map((own) => `  not asked for on ${where}: ${placeText(gpu, own, names)}`),
  ]
}
