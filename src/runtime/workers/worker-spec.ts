/**
 * A program and its arguments; there is no shell. `{port}`, `{model_dir}` and `{tenant}` in an
 * argument stand for what the environment says under MIGRATOR_PORT and so on.
 */
export type WorkerCommand = readonly [program: string, ...args: string[]]

/** How often, and how patiently, a worker that ended by itself is started again. */
export type RestartPolicy = {
  readonly firstDelaySeconds: number
  /** Each delay is this many times the one before. */
  readonly factor: number
  readonly delaySecondsMax: number
  /** That many unexpected ends within `windowSeconds` are a crash loop; it is not started again. */
  readonly endsMax: number
  readonly windowSeconds: number
}

export const restartPolicyDefault: RestartPolicy = {
  firstDelaySeconds: 0.5,
  factor: 2,
  delaySecondsMax: 30,
  endsMax: 5,
  windowSeconds: 300,
}

type CommonSpec = {
  /**
   * The caller's name for the worker, unique among those that are supervised: letters, digits and
   * `._-`, at most 100. Files in the state directory are called after it. A stopped id may be used
   * again.
   */
  readonly id: string
  /** Also the name of the model in the worker's routes: `/v2/models/<tenant>/infer`. */
  readonly tenant: string
  readonly command: WorkerCommand
  /** CUDA_VISIBLE_DEVICES: `MIG-<uuid>` as NVML gives it. */
  readonly device: string
  /** Name of the GPU instance profile, such as `2g.20gb`. */
  readonly profile: string
  /** Version directory to serve, or to start retraining from. */
  readonly modelDir: string
  /** Added to the contract's variables, which win over it. */
  readonly environment: Readonly<Record<string, string>>
  /** Pace of reference workers; null for real ones. */
  readonly paceFile: string | null
  /**
   * Main memory of the whole process group; above it the worker is reported as leaking and, where
   * it restarts, replaced gracefully. Null: unlimited.
   */
  readonly memoryMiBMax: number | null
  /**
   * Null: an unexpected end is `failed` at once, and starting another is up to the caller. Every
   * start of one id counts for the crash loop only under a policy.
   */
  readonly restart: RestartPolicy | null
}

/** A server of the Open Inference Protocol. */
export type InferenceSpec = CommonSpec & {
  readonly kind: 'inference'
  /** On the loopback interface; null: the supervisor picks a free one, the same at each restart. */
  readonly port: number | null
  /** From the start of the process until it says it is ready; then it is stopped as failed. */
  readonly readySecondsMax: number
}

/** A process that retrains, prints its progress, and ends. */
export type RetrainingSpec = CommonSpec & {
  readonly kind: 'retraining'
  readonly configurationId: string
  /** JSON lines files of labelled data. */
  readonly dataDir: string
  /** It writes the new version as a directory in here. */
  readonly outputDir: string
  readonly checkpointDir: string
  /** Without a line of progress for that long it counts as hung; null: never. */
  readonly silenceSecondsMax: number | null
}

export type WorkerSpec = InferenceSpec | RetrainingSpec

/**
 * Who a process is: a pid is used again, a pid with its start is not. `startTicks` is field 22 of
 * /proc/<pid>/stat (clock ticks since boot), `bootId` tells boots apart.
 */
export type ProcessIdentity = {
  readonly pid: number
  readonly startTicks: string
  readonly bootId: string
}

/**
 * `starting` until it says ready (inference) or prints its first line (retraining); `backing-off`
 * between an end and the next start; `ended` when it is over for good.
 */
export type WorkerPhase = 'starting' | 'ready' | 'stopping' | 'backing-off' | 'ended'

/** What is known of a worker at this moment. */
export type WorkerView = {
  readonly spec: WorkerSpec
  readonly phase: WorkerPhase
  readonly process: ProcessIdentity | null
  /** Base URL of an inference worker, `http://127.0.0.1:<port>`; null for retraining. */
  readonly url: string | null
  /** Version directory that it serves now; after `load` another than `spec.modelDir`. */
  readonly modelDir: string
  /** Starts so far, this one included. */
  readonly starts: number
  /** Of the last line of progress; null before it, and for inference. */
  readonly fraction: number | null
  readonly rssMiB: number | null
  /** Where its output goes; bounded. */
  readonly stdoutPath: string
  readonly stderrPath: string
}
