#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { commandNames, loadCommand } from './commands.ts'
import { exitCodes } from './exit-codes.ts'
import { packageVersion } from './packaged-files.ts'
import { reportFailure } from './report-failure.ts'

const program = new Command('migrator')
  .description(
    'Plans, carries out and compares NVIDIA MIG layouts for tenants that keep retraining',
  )
  .version(packageVersion())
  .showHelpAfterError('Run the command with --help to see what it accepts')

// Only what was asked for is loaded: an `apply` with nothing to do should not pay for solvers.
const asked = commandNames.find((name) => name === process.argv[2])
for (const name of asked === undefined ? commandNames : [asked]) {
  program.addCommand(await loadCommand(name))
}
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
