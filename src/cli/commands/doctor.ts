import { Command } from 'commander'
import { textTable } from '../../observe/text-table.ts'
import { count as countOf } from '../../observe/units.ts'
import type { Check } from '../../runtime/host/doctor.ts'
import { examine } from '../../runtime/node/open-node.ts'
import { exitCodes } from '../exit-codes.ts'
import { type NodeOptions, readNodeOptions, withNodeOptions } from '../node-options.ts'
import { withOutputOption } from '../options.ts'
import { type OutputFormat, printResult } from '../output.ts'

type Options = NodeOptions & { readonly output: OutputFormat }

/** `migrator doctor`: whether this node can be worked on, and what to do where it cannot. */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('Examine the node: driver, MIG, rights, who else uses or changes the GPUs')
    .addHelpText(
      'after',
      '\nChanges nothing. Exit code 4 where a problem was found, 0 otherwise.' +
        '\n\nExample:\n  migrator doctor\n  migrator doctor --device simulated:a100-80gb -o json',
    )
    .action(doctor)
  return withOutputOption(withNodeOptions(command))
}

async function doctor(options: Options): Promise<void> {
  const { spec, folder } = readNodeOptions(options)
  const checks = await examine(spec, folder)
  const isReady = checks.every(({ status }) => status !== 'problem')
  printResult(options.output, { ready: isReady, checks }, () => checkTable(checks))
  if (!isReady) process.exitCode = exitCodes.refused
}

const marks: Readonly<Record<Check['status'], string>> = {
  ok: 'ok',
  warning: 'warning',
  problem: 'PROBLEM',
}

function checkTable(checks: readonly Check[]): string {
  const table = textTable(
    [
      { title: 'what', align: 'left', cell: ({ subject }) => subject },
      { title: 'status', align: 'left', cell: ({ status }) => marks[status] },
      { title: 'found', align: 'left', cell: ({ found }) => found },
    ],
    checks,
  )
  const fixes = checks.flatMap(({ subject, status, fix }) =>
    fix === null ? [] : [`${marks[status]}: ${subject}\n  fix: ${fix}`],
  )
  const problems = checks.filter(({ status }) => status === 'problem').length
  const end = problems === 0 ? 'Ready.' : `Not ready: ${countOf(problems)} to mend.`
  return [table, ...fixes.map((fix) => `\n${fix}`), `\n${end}`].join('\n')
}
