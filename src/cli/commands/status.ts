import { Command } from 'commander'
import { type NodeStatus, nodeStatus } from '../../reconfigure/node-status.ts'
import { interruptible } from '../interruptible.ts'
import { looking } from '../node-access.ts'
import { type NodeOptions, readNodeOptions, withNodeOptions } from '../node-options.ts'
import { withOutputOption } from '../options.ts'
import { type OutputFormat, printResult } from '../output.ts'
import { statusText } from '../status-text.ts'
import { watchState } from '../status-watch.ts'

type Options = NodeOptions & { readonly output: OutputFormat; readonly watch?: boolean }

const watchSeconds = 1

/** `migrator status`: what is on the GPUs, whose it is, and where the journal says otherwise. */
export function statusCommand(): Command {
  const command = new Command('status')
    .description('Show the layout of each GPU, who owns what, open operations and drift')
    .option('--watch', 'show what the daemon of this node does, again each second, until Ctrl-C')
    .addHelpText(
      'after',
      '\nReads only, also while another migrator works.' +
        '\n\nExample:\n  migrator status\n  migrator status --device simulated:2xa100-80gb -o json',
    )
    .action(async (options: Options) => {
      if (options.watch === true) return watch(options)
      const status = await looking(readNodeOptions(options), ({ context }) => nodeStatus(context))
      printResult(options.output, statusJson(status), () => statusText(status))
    })
  return withOutputOption(withNodeOptions(command))
}

async function watch(options: Options): Promise<void> {
  const from = { stateDir: readNodeOptions(options).folder, url: null }
  // Home and clear below: no flicker, and a file gets plain text.
  const [home, clear] = process.stdout.isTTY ? ['\u001b[H', '\u001b[J'] : ['', '']
  const write = (text: string): void => {
    process.stdout.write(`${home}${text}\n${clear}`)
  }
  await interruptible((signal) => watchState(from, { seconds: watchSeconds, signal, write }))
}

function statusJson({ gpus, open, lastChange }: NodeStatus) {
  return {
    gpus: gpus.map(({ gpu, mode, ...own }) => ({ ...gpu, migMode: mode, ...own })),
    open,
    lastChange,
  }
}
