import { Command } from 'commander'
import { type NodeStatus, nodeStatus } from '../../reconfigure/node-status.ts'
import { looking } from '../node-access.ts'
import { type NodeOptions, readNodeOptions, withNodeOptions } from '../node-options.ts'
import { withOutputOption } from '../options.ts'
import { type OutputFormat, printResult } from '../output.ts'
import { statusText } from '../status-text.ts'

type Options = NodeOptions & { readonly output: OutputFormat }

/** `migrator status`: what is on the GPUs, whose it is, and where the journal says otherwise. */
export function statusCommand(): Command {
  const command = new Command('status')
    .description('Show the layout of each GPU, who owns what, open operations and drift')
    .addHelpText(
      'after',
      '\nReads only, also while another migrator works.' +
        '\n\nExample:\n  migrator status\n  migrator status --device simulated:2xa100-80gb -o json',
    )
    .action(async (options: Options) => {
      const status = await looking(readNodeOptions(options), ({ context }) => nodeStatus(context))
      printResult(options.output, statusJson(status), () => statusText(status))
    })
  return withOutputOption(withNodeOptions(command))
}

function statusJson({ gpus, open, lastChange }: NodeStatus) {
  return {
    gpus: gpus.map(({ gpu, mode, ...own }) => ({ ...gpu, migMode: mode, ...own })),
    open,
    lastChange,
  }
}
