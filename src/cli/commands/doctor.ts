import { Command } from 'commander'
import { textTable } from '../../observe/text-table.ts'
import { count as countOf } from '../../observe/units.ts'
import { wrappedLines } from '../../observe/wrapped-lines.ts'
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

/** What was found is wrapped to a terminal's width; elsewhere a check is a line. */
function checkTable(checks: readonly Check[]): string {
  const before = Math.max(...checks.map(({ subject }) => subject.length)) + '  PROBLEM  '.length
  const width = Math.max(30, (process.stdout.columns ?? Number.POSITIVE_INFINITY) - before)
  const rows = checks.flatMap(({ subject, status, found }) =>
    wrappedLines(found, width).map((line, index) =>
      index === 0 ? [subject, marks[status], line] : ['', '', line],
    ),
  )
  const columns = ['what', 'status', 'found'].map((title, index) => ({
    title,
    align: 'left' as const,
    cell: (row: readonly string[]) => row[index] ?? '',
  }))
  const table = textTable(columns, rows)
  const fixes = checks.flatMap(({ subject, status, fix }) =>
    fix === null ? [] : [`${marks[status]}: ${subject}\n  fix: ${fix}`],
  )
  const problems = checks.filter(({ status }) => status === 'problem').length
  const end = problems === 0 ? 'Ready.' : `Not ready: ${countOf(problems)} to mend.`
  return [table, ...fixes.map((fix) => `\n${fix}`), `\n${end}`].join('\n')
}
