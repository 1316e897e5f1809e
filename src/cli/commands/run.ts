import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { parseDeviceSpec } from '../../runtime/node/open-device.ts'
import { type DaemonProcess, startDaemonProcess } from '../daemon-process.ts'
import { exitCodes } from '../exit-codes.ts'
import { defaultStateFolder } from '../node-options.ts'
import { withSiteOption } from '../options.ts'
import { UsageError } from '../usage-error.ts'

type Options = {
  readonly file?: string
  readonly device?: string
  readonly stateDir: string
  readonly mode?: 'active' | 'advisory'
  readonly tokenFile?: string
  readonly ignoreOwners?: boolean
}

/** `migrator run`: the daemon of a node. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('Run a site on this node: workers, router, retraining, layouts')
    .addOption(
      new Option('-d, --device <device>', "nvml, nvml:LIBRARY or simulated:MODEL (the site's)").env(
        'MIGRATOR_DEVICE',
      ),
    )
    .addOption(
      new Option('--state-dir <folder>', 'journal, versions, labels, workers')
        .default(defaultStateFolder(), 'by user')
        .env('MIGRATOR_STATE_DIR'),
    )
    .addOption(
      new Option('--mode <mode>', "plan and act, or plan and explain only (the site's)").choices([
        'active',
        'advisory',
      ]),
    )
    .option('--token-file <file>', 'bearer token of the control API (or MIGRATOR_TOKEN)')
    .option('--ignore-owners', 'take the GPUs although another program manages their layouts')
    .addHelpText(
      'after',
      '\nCtrl-C ends workers and router too. SIGTERM lets go of them: they serve on, and the next' +
        '\nrun takes them over. SIGHUP reads the site file again, all or nothing.' +
        '\n\nExample:\n  migrator init && migrator run -f site.yaml --state-dir ./state',
    )
    .action(async (options: Options) => {
      process.exitCode = await run(options)
    })
  return withSiteOption(command)
}

async function run(options: Options): Promise<number> {
  if (options.file === undefined || options.file === '-') {
    throw new UsageError('Cannot run: name the site file by -f (it is read again on SIGHUP)')
  }
  const ended = signalled()
  const started = await startDaemonProcess({
    file: resolve(options.file),
    stateDir: resolve(options.stateDir),
    device: deviceOf(options.device),
    mode: options.mode ?? null,
    token: tokenOf(options.tokenFile),
    ignoresOwners: options.ignoreOwners === true,
    log: (level, message) => {
      process.stderr.write(`${new Date().toISOString()} ${level} ${message}\n`)
    },
  })
  process.stderr.write(`Requests: ${started.routerUrl()}   control: ${started.url}\n`)
  return untilEnded(started, ended)
}

type Ended = {
  readonly signal: Promise<'SIGINT' | 'SIGTERM'>
  readonly onHangUp: (run: () => void) => void
}

/** From the first moment: a signal while it starts is obeyed once it has. */
function signalled(): Ended {
  process.removeAllListeners('SIGINT')
  let hangUp: (() => void) | null = null
  process.on('SIGHUP', () => hangUp?.())
  return {
    signal: new Promise((resolve) => {
      process.on('SIGINT', () => resolve('SIGINT'))
      process.on('SIGTERM', () => resolve('SIGTERM'))
    }),
    onHangUp: (run) => {
      hangUp = run
    },
  }
}

async function untilEnded(started: DaemonProcess, ended: Ended): Promise<number> {
  ended.onHangUp(() => void started.reload())
  if ((await ended.signal) === 'SIGTERM') {
    process.stderr.write('Letting go: workers and router serve on\n')
    await started.close()
    return exitCodes.done
  }
  process.stderr.write('Ending workers and router\n')
  await started.stop()
  return exitCodes.interrupted
}

function deviceOf(text: string | undefined) {
  if (text === undefined) return null
  const parsed = parseDeviceSpec(text)
  if (parsed.kind === 'parsed') return parsed.spec
  throw new UsageError(`Cannot use --device "${text}": ${parsed.what}`)
}

function tokenOf(file: string | undefined): string | null {
  const text = file === undefined ? process.env['MIGRATOR_TOKEN'] : readFileSync(file, 'utf8')
  const token = text?.trim() ?? ''
  return token === '' ? null : token
}
