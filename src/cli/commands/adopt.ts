import { Command } from 'commander'
import { placeText } from '../../reconfigure/explain-refusal.ts'
import { readInventory } from '../../reconfigure/inventory.ts'
import { adopt } from '../../reconfigure/recover.ts'
import { exitCodes } from '../exit-codes.ts'
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
import { UsageError } from '../usage-error.ts'

type Options = NodeOptions & {
  readonly gpu?: string
  readonly output: OutputFormat
  readonly dryRun?: boolean
}

/** `migrator adopt`: what others have made becomes migrator's, because a person says so. */
export function adoptCommand(): Command {
  const command = new Command('adopt')
    .description('Take over instances that others have made, so that changes may destroy them')
    .option('--gpu <index>', 'of that GPU only (default: of all)')
    .addHelpText(
      'after',
      '\nOnly instances with exactly one compute instance are taken; the GPUs are not changed.' +
        '\n\nExample:\n  migrator adopt --gpu 0 --dry-run',
    )
    .action(takeOver)
  return withOutputOption(withNodeOptions(withDryRunOption(command)))
}

async function takeOver(options: Options): Promise<void> {
  await accessFor(readNodeOptions(options), { ...options, ignoreOwners: false })(async (view) => {
    const { context, names } = view
    const found = []
    for (const gpu of chosenGpus(options.gpu, view)) {
      if (options.dryRun === true) {
        const { unknown } = await readInventory(context, gpu)
        found.push(...unknown.filter(isWhole).map((own) => ({ gpu, ...own })))
      } else {
        found.push(...(await adopt(context, gpu)))
      }
    }
    const adopted = found.map(({ gpu, profileId, placement }) => {
      return { gpu, profileId, placement, name: names.profile(gpu, profileId) }
    })
    const verb = options.dryRun === true ? 'Would adopt' : 'Adopted'
    const lines = adopted.map(
      (own) => `${verb} ${placeText(own.gpu, own, names)} on ${names.gpu(own.gpu)}`,
    )
    const none = 'Nothing to adopt: every instance is migrator’s already, or not whole'
    printReport(options.output, {
      code: exitCodes.done,
      lines: lines.length === 0 ? [none] : lines,
      json: { adopted, dryRun: options.dryRun === true },
    })
  })
}

function isWhole({ computeInstances }: { readonly computeInstances: readonly unknown[] }): boolean {
  return computeInstances.length === 1
}

function chosenGpus(text: string | undefined, { names }: NodeView): readonly string[] {
  if (text === undefined) return names.gpus.map(({ uuid }) => uuid)
  const found = names.gpus.filter(({ index, uuid }) => `${index}` === text || uuid === text)
  if (found.length > 0) return found.map(({ uuid }) => uuid)
  const known = names.gpus.map(({ index }) => index).join(', ')
  throw new UsageError(`Cannot use --gpu "${text}": this node has ${known || 'no GPU'}`)
}
