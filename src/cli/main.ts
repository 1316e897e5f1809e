#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { compareCommand } from './commands/compare.ts'
import { initCommand } from './commands/init.ts'
import { planCommand } from './commands/plan.ts'
import { simulateCommand } from './commands/simulate.ts'
import { exitCodes } from './exit-codes.ts'
import { packageVersion } from './packaged-files.ts'
import { reportFailure } from './report-failure.ts'

const program = new Command('migrator')
  .description('Plans and compares NVIDIA MIG layouts for tenants that serve and keep retraining')
  .version(packageVersion())
  .addCommand(initCommand())
  .addCommand(simulateCommand())
  .addCommand(compareCommand())
  .addCommand(planCommand())
  .showHelpAfterError('Run the command with --help to see what it accepts')

for (const command of [program, ...program.commands]) command.exitOverride()

// A closed pipe (`migrator compare | head`) is the reader's choice, not our failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.error)
})
process.once('SIGINT', () => process.exit(exitCodes.interrupted))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its message; help and version are not failures.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  } else {
    process.exitCode = reportFailure(error)
  }
}
