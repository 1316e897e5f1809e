import { type Command, Option } from 'commander'
import { outputFormats } from './output.ts'

/** Options that several commands share; each can come from the environment (flag wins). */
export function withSiteOption(command: Command): Command {
  return command.addOption(
    new Option('-f, --file <site>', 'site file, - for stdin (default: the example site)').env(
      'MIGRATOR_FILE',
    ),
  )
}

export function withOutputOption(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'what to print on stdout')
      .choices(outputFormats)
      .default('table')
      .env('MIGRATOR_OUTPUT'),
  )
}
