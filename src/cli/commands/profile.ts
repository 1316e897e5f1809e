import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type DeviceSpec, nodeFolder, parseDeviceSpec } from '../../runtime/node/open-device.ts'
import type { InferRequest } from '../../runtime/open-inference/protocol.ts'
import { readInferRequest, readJson } from '../../runtime/open-inference/read-message.ts'
import type { ServingWish } from '../../runtime/profile/measure-serving.ts'
import { ProfileError } from '../../runtime/profile/profile-error.ts'
import type { WantedProfile } from '../../runtime/profile/profile-task.ts'
import type { ProfiledTenant } from '../../runtime/profile/profiled-tenant.ts'
import { runProfile } from '../../runtime/profile/run-profile.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { interruptible } from '../interruptible.ts'
import { changing } from '../node-access.ts'
import { defaultStateFolder } from '../node-options.ts'
import { withSiteOption } from '../options.ts'
import { type OutputFormat, outputFormats, printResult } from '../output.ts'
import { profileJson, profileText } from '../profile-report.ts'
import { type ProfiledSite, readProfiledSite } from '../profiled-site.ts'
import { UsageError } from '../usage-error.ts'

/** `-o` names a format, the file to write, or, given twice, both. */
type Output = { readonly format: OutputFormat; readonly file: string | null }

type Options = {
  readonly file?: string
  readonly tenant?: string
  readonly output: Output
  readonly profiles?: readonly string[]
  readonly batches?: readonly number[]
  readonly seconds: number
  readonly starts: number
  readonly retraining?: string | true
  readonly retrainingSeconds: number
  readonly data?: string
  readonly request?: string
  readonly device?: string
  readonly stateDir: string
  readonly ignoreOwners?: true
}

const help = `
Each profile is measured on a free GPU instance, made for it and removed afterwards, or one of
migrator's that nothing runs on; what runs, or is not migrator's, is not touched. Every figure is in
the file as soon as it is made: Ctrl-C keeps them, and the same command goes on from there. Figures
of another driver, GPU or command are measured anew; the file before is kept as FILE.old.

A batch that fails on two workers did not run, and larger ones are left out. Without --batches sizes
double from the tenant's requests on, until one takes longer than the tenant's SLO.

Exit codes: 0 done · 1 the worker does not start or answer at all · 4 no room, another owner, no
permission (nothing was begun) · 6 an instance could not be removed · 64 a file, command or option
that cannot be used · 130 interrupted, what was measured is kept

Example:
  migrator profile -f site.yaml --tenant vision -o vision.profile.yaml
  migrator profile -f site.yaml --tenant vision --profiles 1g.10gb --batches 1,8 --retraining`

/** `migrator profile`: figures of a tenant's own workers. */
export function profileCommand(): Command {
  const command = new Command('profile')
    .description("Measure a tenant's own workers on each profile, into a file of figures")
    .addOption(new Option('-t, --tenant <name>', 'whose workers (needed where there are several)'))
    .addOption(
      new Option(
        '-o, --output <format or file>',
        'table, json or yaml; FILE.yaml takes the figures',
      )
        .argParser(parseOutput)
        .default({ format: 'table', file: null }, 'table, TENANT.profile.yaml')
        .env('MIGRATOR_OUTPUT'),
    )
    .addOption(
      new Option('--profiles <names>', "GPU instance profiles (default: the site's)").argParser(
        parseNames,
      ),
    )
    .addOption(new Option('--batches <sizes>', 'batch sizes in items').argParser(parseBatches))
    .addOption(seconds('--seconds <number>', 'how long each batch size is measured', 10))
    .addOption(
      new Option('--starts <number>', 'starts on each profile, for the seconds until ready')
        .argParser(parseStarts)
        .default(3),
    )
    .addOption(
      new Option('--retraining [configuration]', "its retraining too (default: the site's first)"),
    )
    .addOption(
      seconds('--retraining-seconds <number>', 'at most; the rest is told from its progress', 120),
    )
    .addOption(new Option('--data <folder>', 'labelled requests to retrain on'))
    .addOption(
      new Option('--request <file>', 'a request like those it gets (default: made up to fit)'),
    )
    .addOption(
      new Option('-d, --device <device>', "nvml, nvml:LIBRARY or simulated:MODEL (the site's)").env(
        'MIGRATOR_DEVICE',
      ),
    )
    .addOption(
      new Option('--state-dir <folder>', 'where the journal and simulated GPUs are kept')
        .default(defaultStateFolder(), 'by user')
        .env('MIGRATOR_STATE_DIR'),
    )
    .addOption(new Option('--ignore-owners', 'although other programs change layouts here'))
    .addHelpText('after', help)
    .action(async (options: Options) => {
      process.exitCode = await interruptible((signal) => profile(options, signal))
    })
  return withSiteOption(command)
}

async function profile(options: Options, signal: AbortSignal): Promise<ExitCode> {
  const { retraining } = options
  const site = readProfiledSite({
    file: options.file,
    tenant: options.tenant,
    configuration: retraining === undefined ? null : retraining === true ? '' : retraining,
    dataDir: options.data,
  })
  const wanted = wantedOf(site, options.profiles)
  const sample = options.request === undefined ? null : readRequest(options.request)
  const device = deviceOf(options.device, site)
  const stateDir = resolve(options.stateDir)
  const output = options.output.file ?? `${site.tenantId}.profile.yaml`
  const choice = { spec: device, folder: stateDir }
  const ignoresOwners = options.ignoreOwners === true
  const tell = (line: string): void => void process.stderr.write(`${line}\n`)
  try {
    const run = await changing(choice, { ignoresOwners }, async ({ context }) => {
      const folder = join(nodeFolder(device, stateDir), 'profile')
      const tenant = await site.subject(folder, tell)
      return runProfile({
        wish: {
          ...{ tenant, wanted, sample, serving: servingWish(tenant, options) },
          retrainingSecondsMax: retraining === undefined ? null : options.retrainingSeconds,
        },
        ...{ context, folder, stateDir, output: resolve(output), signal },
        isSimulated: device.kind === 'simulated',
        leavesOut: options.profiles === undefined,
        tell,
      })
    })
    const named = { tenant: site.tenantId, file: output }
    printResult(options.output.format, profileJson(run, named), () => profileText(run, output))
    return run.kind === 'interrupted' ? exitCodes.interrupted : exitCodes.done
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error
    process.stderr.write(`migrator: ${error.message}\n`)
    return codes[error.kind]
  }
}

const codes: Readonly<Record<ProfileError['kind'], ExitCode>> = {
  refused: exitCodes.refused,
  failed: exitCodes.error,
  unusable: exitCodes.usage,
  stuck: exitCodes.needsHuman,
}

function servingWish(
  { itemsPerRequest, sloSeconds }: ProfiledTenant,
  { batches, seconds: each, starts }: Options,
): ServingWish {
  if (batches !== undefined) return { batches, latencySecondsMax: null, starts, seconds: each }
  const doubled = Array.from({ length: 12 }, (_, i) => itemsPerRequest * 2 ** i)
  // Published figures end at 128 items; a tenant of large requests gets three sizes at least.
  const most = Math.max(128, 4 * itemsPerRequest)
  const sizes = doubled.filter((size) => size <= most)
  return { batches: sizes, latencySecondsMax: sloSeconds, starts, seconds: each }
}

/** The site's profiles, or those named, on whichever of its GPU models has them. */
function wantedOf(
  { classes }: ProfiledSite,
  names: readonly string[] | undefined,
): readonly WantedProfile[] {
  const known = classes.map(({ gpuModelId: gpu, name }) => ({ gpu, profile: name }))
  if (names === undefined) return known
  const unknown = names.find((name) => !known.some(({ profile: own }) => own === name))
  if (unknown !== undefined) {
    const accepted = [...new Set(known.map(({ profile: own }) => own))].join(', ')
    throw new UsageError(`Cannot measure on profile "${unknown}": accepted are ${accepted}`)
  }
  return known.filter(({ profile: own }) => names.includes(own))
}

function readRequest(path: string): InferRequest {
  const refuse = (why: string): UsageError => new UsageError(`Cannot use request ${path}: ${why}`)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error))
  }
  const json = readJson(text)
  const read = json.kind === 'valid' ? readInferRequest(json.value) : json
  if (read.kind === 'valid') return read.value
  throw refuse(read.reason)
}

function deviceOf(text: string | undefined, { device, gpus }: ProfiledSite): DeviceSpec {
  if (text === undefined) {
    const models = gpus.map(({ model }) => model)
    return device === 'nvml' ? { kind: 'nvml', library: null } : { kind: 'simulated', models }
  }
  const parsed = parseDeviceSpec(text)
  if (parsed.kind === 'parsed') return parsed.spec
  throw new UsageError(`Cannot use --device "${text}": ${parsed.what}`)
}

function parseOutput(text: string, before: Output): Output {
  const format = outputFormats.find((own) => own === text)
  if (format !== undefined) return { ...before, format }
  if (/\.(ya?ml|json)$/.test(text)) return { ...before, file: text }
  throw new InvalidArgumentError(
    `accepted are ${outputFormats.join(', ')}, FILE.yaml and FILE.json`,
  )
}

function parseNames(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim())
}

const batchMax = 65_536
const batchesMax = 50

function parseBatches(text: string): readonly number[] {
  const sizes = text.split(',').map(Number)
  const areRight = sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= batchMax)
  if (areRight && sizes.length <= batchesMax) return [...new Set(sizes)].sort((a, b) => a - b)
  throw new InvalidArgumentError(`accepted are whole numbers from 1 to ${batchMax}, as in 1,2,4`)
}

function parseStarts(text: string): number {
  const starts = Number(text)
  if (Number.isInteger(starts) && starts >= 1 && starts <= 100) return starts
  throw new InvalidArgumentError('accepted are whole numbers from 1 to 100')
}

const hourSeconds = 3600

function seconds(flags: string, what: string, usual: number): Option {
  return new Option(flags, what).default(usual).argParser((text) => {
    const value = Number(text)
    if (value > 0 && value <= hourSeconds) return value
    throw new InvalidArgumentError('accepted are seconds above 0, at most 3600')
  })
}
