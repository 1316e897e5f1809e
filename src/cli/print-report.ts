import type { AppliedReport } from './applied-report.ts'
import { exitCodes } from './exit-codes.ts'
import { type OutputFormat, printResult } from './output.ts'

/**
 * What became of a change, on stdout for programs; people get success on stdout and the rest on
 * stderr. Sets the exit code.
 */
export function printReport(
  format: OutputFormat,
  { code, lines, json }: AppliedReport,
  more: Readonly<Record<string, unknown>> = {},
): void {
  process.exitCode = code
  const text = lines.join('\n')
  if (format === 'table' && code !== exitCodes.done) process.stderr.write(`${text}\n`)
  else printResult(format, { ...more, ...json, exitCode: code }, () => text)
}
