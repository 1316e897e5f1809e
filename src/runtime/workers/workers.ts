import type { WorkerEvent } from './worker-events.ts'
import type { InferenceSpec, RetrainingSpec, WorkerView } from './worker-spec.ts'

export type WorkersOptions = {
  /** Records and output are kept in `<stateDir>/workers`. */
  readonly stateDir: string
  /** Seconds, never falling; stamps events and times back-off. */
  readonly nowSeconds: () => number
  /** Called one event at a time; it must not throw. */
  readonly onEvent: (event: WorkerEvent) => void
}

export type StartResult =
  | { readonly kind: 'started'; readonly worker: WorkerView }
  | { readonly kind: 'refused'; readonly message: string }

export type StopResult =
  /** The whole process group is gone. */
  | { readonly kind: 'stopped'; readonly wasKilled: boolean }
  | { readonly kind: 'unknown-worker' }
  /** Processes that even SIGKILL did not end (in the kernel's hands); their pids. */
  | { readonly kind: 'not-stopped'; readonly pids: readonly number[] }

export type LoadResult =
  | { readonly kind: 'loaded' }
  /** It goes on serving what it served. */
  | { readonly kind: 'refused'; readonly message: string }

/** What became of each worker that a record spoke of. */
export type Adoption =
  /** It lives and is supervised again; for inference a `ready` follows once it has said so. */
  | { readonly kind: 'adopted'; readonly worker: WorkerView }
  /** It ended while nobody looked; the events that tell how follow. */
  | { readonly kind: 'dead'; readonly workerId: string; readonly tenant: string }
  /** A record that cannot be read was put aside. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly message: string }

/** Supervision of worker processes that outlive this one. */
export type Workers = {
  /** Resolves once the process runs and its record is on disk; `ready` follows as an event. */
  readonly startInference: (spec: InferenceSpec) => Promise<StartResult>
  readonly startRetraining: (spec: RetrainingSpec) => Promise<StartResult>
  /** SIGTERM to its group, after the grace SIGKILL; resolves when the group is gone. */
  readonly stop: (
    workerId: string,
    options: { readonly graceSeconds: number },
  ) => Promise<StopResult>
  /** Has an inference worker serve another version directory without a restart. */
  readonly load: (workerId: string, modelDir: string) => Promise<LoadResult>
  /** To be called once, before any start: takes over what an earlier process supervised. */
  readonly adopt: () => Promise<readonly Adoption[]>
  readonly list: () => readonly WorkerView[]
  /** Ends supervision; the workers live on. */
  readonly close: () => Promise<void>
}
