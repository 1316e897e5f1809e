import { launchVariable } from './processes.ts'
import type { WorkerCommand, WorkerSpec } from './worker-spec.ts'

/**
 * Of our own environment, what a worker gets. Nothing else: it may hold secrets of the daemon's.
 */
const inherited = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
]

export type StartOfWorker = {
  readonly spec: WorkerSpec
  readonly modelDir: string
  readonly port: number | null
  readonly launch: string
}

/** The environment of a worker: ours in part, then its own, then the contract's. */
export function workerEnvironment(
  start: StartOfWorker,
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const { spec } = start
  const kept = inherited.flatMap((name) => {
    const value = own[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(kept),
    ...spec.environment,
    ...contract(start),
    ...(spec.paceFile === null ? {} : { MIGRATOR_PACE_FILE: spec.paceFile }),
    [launchVariable]: start.launch,
  }
}

/** The command with port, version directory and tenant written where it names them in braces. */
export function workerCommand({ spec, modelDir, port }: StartOfWorker): WorkerCommand {
  const fill = (text: string): string =>
    text.replace(/\{(port|model_dir|tenant)\}/g, (_, name) => {
      if (name === 'port') return port === null ? '' : String(port)
      return name === 'tenant' ? spec.tenant : modelDir
    })
  const [program, ...args] = spec.command
  return [fill(program), ...args.map(fill)]
}

function contract({ spec, modelDir, port }: StartOfWorker): Record<string, string> {
  const common = {
    CUDA_VISIBLE_DEVICES: spec.device,
    MIGRATOR_TENANT: spec.tenant,
    MIGRATOR_PROFILE: spec.profile,
    MIGRATOR_MODEL_DIR: modelDir,
  }
  if (spec.kind === 'inference') return { ...common, MIGRATOR_PORT: String(port) }
  return {
    ...common,
    MIGRATOR_CONFIGURATION: spec.configurationId,
    MIGRATOR_DATA_DIR: spec.dataDir,
    MIGRATOR_OUTPUT_DIR: spec.outputDir,
    MIGRATOR_CHECKPOINT_DIR: spec.checkpointDir,
  }
}
