import type { ProcessIdentity } from './worker-spec.ts'

/** How a process ended; `unknown` for an adopted one, whose parent we are not. */
export type WorkerExit =
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'unknown' }

/** One line of progress of a trainer, checked. */
export type TrainingProgress = {
  readonly epoch: number
  /** Share of the whole work done, in [0, 1]. */
  readonly fraction: number
  readonly loss: number | null
  readonly accuracy: number | null
  readonly secondsLeft: number | null
}

export type WorkerFailure =
  /** The program could not be started at all. */
  | 'spawn-failed'
  | 'not-ready-in-time'
  /** It ended when nobody asked it to. */
  | 'ended-unexpectedly'
  /** It no longer answers whether it lives, or printed nothing for too long. */
  | 'hung'
  | 'leaking'
  /** A trainer that said it was done, or exited 0, without the version it named. */
  | 'no-version'

/**
 * What happens to a worker. The order for inference is `started`, `ready`, ... `exited`, and then
 * `restarting`, `failed`, `crash-looping` or `stopped`; for retraining `started`, `progress`...,
 * then `done`, `checkpointed`, or as above. Exactly one of `done`, `checkpointed`, `stopped`,
 * `failed` and `crash-looping` is the last event of a worker; its id is free after it.
 */
export type WorkerEvent = {
  readonly workerId: string
  readonly tenant: string
  /** By the clock that `createWorkers` was given. */
  readonly atSeconds: number
} & (
  | { readonly kind: 'started'; readonly process: ProcessIdentity; readonly starts: number }
  /** An inference worker serves at `url`; again after each restart. */
  | { readonly kind: 'ready'; readonly url: string; readonly modelDir: string }
  | ({ readonly kind: 'progress' } & TrainingProgress)
  /** The process and its whole group are gone. Nothing more can be routed to it. */
  | { readonly kind: 'exited'; readonly exit: WorkerExit; readonly wasAsked: boolean }
  | { readonly kind: 'restarting'; readonly inSeconds: number; readonly failure: WorkerFailure }
  /** It is alive and in trouble: it is about to be stopped, or (flooding) its log is cut. */
  | {
      readonly kind: 'unwell'
      readonly reason: 'hung' | 'leaking' | 'flooding' | 'garbled-progress'
      readonly message: string
    }
  /** The retraining is done; `versionDir` exists and is complete. */
  | { readonly kind: 'done'; readonly version: string; readonly versionDir: string }
  /** A retraining that was stopped wrote its checkpoint; `fraction` as it last said. */
  | { readonly kind: 'checkpointed'; readonly fraction: number }
  | { readonly kind: 'stopped'; readonly wasKilled: boolean }
  | { readonly kind: 'failed'; readonly failure: WorkerFailure; readonly message: string }
  | { readonly kind: 'crash-looping'; readonly ends: number; readonly windowSeconds: number }
)

export type WorkerEventKind = WorkerEvent['kind']
