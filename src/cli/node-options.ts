import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type DeviceSpec, parseDeviceSpec } from '../runtime/node/open-device.ts'
import { UsageError } from './usage-error.ts'

/** Which GPUs a command is about, and where what is known about them lies. */
export type NodeOptions = { readonly device: string; readonly stateDir: string }

export type NodeChoice = { readonly spec: DeviceSpec; readonly folder: string }

export function withNodeOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '-d, --device <device>',
        'nvml, nvml:LIBRARY, or simulated GPUs: simulated:a100-80gb, simulated:2xa30,h100-80gb',
      )
        .default('nvml')
        .env('MIGRATOR_DEVICE'),
    )
    .addOption(
      new Option('--state-dir <folder>', 'where the journal and simulated GPUs are kept')
        .default(defaultStateFolder(), 'by user')
        .env('MIGRATOR_STATE_DIR'),
    )
}

export function withDryRunOption(command: Command): Command {
  return command.option('--dry-run', 'say what would be done, and do nothing')
}

export function readNodeOptions({ device, stateDir }: NodeOptions): NodeChoice {
  const parsed = parseDeviceSpec(device)
  if (parsed.kind === 'malformed') {
    throw new UsageError(`Cannot use --device "${device}": ${parsed.what}`)
  }
  return { spec: parsed.spec, folder: resolve(stateDir) }
}

/** As systemd and the XDG rules have it: the system's for root, else the user's own. */
export function defaultStateFolder(): string {
  if (process.geteuid?.() === 0) return '/var/lib/migrator'
  const base = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local/state')
  return join(base, 'migrator')
}
