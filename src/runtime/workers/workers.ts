import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { assert } from '../../base/assert.ts'
import { freePort } from './free-port.ts'
import { allProcesses, bootId, isAlive, launchOf } from './processes.ts'
import { pruneEnded } from './prune-ended.ts'
import { type SupervisionTiming, timingDefault } from './timing.ts'
import type { WorkerEvent, WorkerEventKind } from './worker-events.ts'
import { type LifeBeginning, superviseWorker, type WorkerLife } from './worker-life.ts'
import { isWorkerId, readRecords, removeRecord, type WorkerRecord } from './worker-record.ts'
import type { LoadResult, StartResult, StopResult } from './worker-results.ts'
import type {
  InferenceSpec,
  ProcessIdentity,
  RetrainingSpec,
  WorkerSpec,
  WorkerView,
} from './worker-spec.ts'

export type WorkersOptions = {
  /** Records and output are kept in `<stateDir>/workers`. */
  readonly stateDir: string
  /** Seconds, never falling; stamps events and times back-off. */
  readonly nowSeconds: () => number
  /** Called one event at a time; it must not throw. */
  readonly onEvent: (event: WorkerEvent) => void
  readonly timing?: Partial<SupervisionTiming>
}

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
  /**
   * Resolves once the process runs and its record is on disk; `ready` follows as an event. A
   * program that cannot be started is told by events, too.
   */
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
  /**
   * Ends supervision and its events; the workers live on. Until then supervision keeps this
   * process alive while there are workers.
   */
  readonly close: () => Promise<void>
}

const lastKinds: readonly WorkerEventKind[] = [
  'done',
  'checkpointed',
  'stopped',
  'failed',
  'crash-looping',
]

/** Supervision with its records in `stateDir`; one process at a time may use a state directory. */
export function createWorkers(options: WorkersOptions): Workers {
  const root = join(options.stateDir, 'workers')
  const timing = { ...timingDefault, ...options.timing }
  const lives = new Map<string, WorkerLife>()
  /** Of inference workers, by id. */
  const ports = new Map<string, number>()
  /** Ids whose last traces are being removed. */
  const leaving = new Map<string, Promise<void>>()
  /** Starts under way, by id. */
  const starting = new Map<string, Promise<StartResult>>()
  let isClosed = false
  return {
    startInference: start,
    startRetraining: start,
    stop: async (workerId, { graceSeconds }) => {
      // Who is told that there is none would start another one beside it.
      await starting.get(workerId)
      const life = lives.get(workerId)
      if (life === undefined) return { kind: 'unknown-worker' }
      const result = await life.stop(graceSeconds)
      await leaving.get(workerId)
      return result
    },
    load: async (workerId, modelDir) =>
      (await lives.get(workerId)?.load(modelDir)) ?? {
        kind: 'refused',
        message: `There is no worker ${workerId}`,
      },
    adopt,
    list: () => [...lives.values()].map((life) => life.view()),
    close,
  }

  async function start(spec: WorkerSpec): Promise<StartResult> {
    assert(!isClosed, 'Supervision has been closed')
    if (!isWorkerId(spec.id)) return refused(`${JSON.stringify(spec.id)} is no id of a worker`)
    if (lives.has(spec.id)) return refused(`There is a worker ${spec.id} already`)
    if (starting.has(spec.id)) return refused(`Worker ${spec.id} is being started`)
    const started = startNow(spec).finally(() => starting.delete(spec.id))
    starting.set(spec.id, started)
    return started
  }

  async function startNow(spec: WorkerSpec): Promise<StartResult> {
    await leaving.get(spec.id)
    const port = spec.kind === 'inference' ? (spec.port ?? (await ownPort(spec.id))) : null
    // Nobody would end the supervision of one that begins now.
    if (isClosed) return refused('Supervision has been closed')
    const life = begin(firstRecord(spec, port), { kind: 'start' })
    await life.begun
    return { kind: 'started', worker: life.view() }
  }

  /** A port that no other worker has or is about to be given. */
  async function ownPort(id: string): Promise<number> {
    const port = await freePort(new Set(ports.values()))
    ports.set(id, port)
    return port
  }

  function begin(record: WorkerRecord, beginning: LifeBeginning): WorkerLife {
    const { id } = record.spec
    const dir = join(root, id)
    if (record.port !== null) ports.set(id, record.port)
    const life = superviseWorker(record, beginning, {
      dir,
      timing,
      nowSeconds: options.nowSeconds,
      onEvent: (event) => {
        if (lastKinds.includes(event.kind)) leave(id, dir)
        options.onEvent(event)
      },
    })
    lives.set(id, life)
    // Who cannot even look at /proc supervises nobody: end, and let the next one adopt them.
    life.finished.catch((error: unknown) => {
      queueMicrotask(() => {
        throw error
      })
    })
    return life
  }

  /** The record goes after the last event: who crashes between tells the event once more. */
  function leave(id: string, dir: string): void {
    lives.delete(id)
    ports.delete(id)
    const left = Promise.resolve()
      .then(() => removeRecord(dir))
      .then(() => pruneEnded(root, timing.endedKept))
      .catch(() => {})
      .finally(() => leaving.delete(id))
    leaving.set(id, left)
  }

  async function adopt(): Promise<readonly Adoption[]> {
    assert(lives.size === 0, 'Workers are adopted before any is started')
    const read = await readRecords(root)
    const isSought = read.some((each) => each.kind === 'record' && each.record.process === null)
    const launches = isSought ? await launchesAlive() : new Map<string, ProcessIdentity>()
    return Promise.all(
      read.map(async (each): Promise<Adoption> => {
        if (each.kind === 'unreadable') return each
        const { record } = each
        const identity = record.process ?? launches.get(record.launch) ?? null
        const { id, tenant } = record.spec
        if (identity === null || !isAlive(identity)) {
          begin(record, { kind: 'dead', process: identity })
          return { kind: 'dead', workerId: id, tenant }
        }
        const known = { ...record, process: identity }
        const life = begin(known, { kind: 'adopt', process: identity })
        return { kind: 'adopted', worker: life.view() }
      }),
    )
  }

  async function close(): Promise<void> {
    isClosed = true
    for (const life of lives.values()) life.detach()
    await Promise.all([...lives.values()].map((life) => life.finished))
    await Promise.all(leaving.values())
    lives.clear()
  }
}

function refused(message: string): StartResult {
  return { kind: 'refused', message }
}

function firstRecord(spec: WorkerSpec, port: number | null): WorkerRecord {
  return {
    format: 1,
    spec,
    launch: randomUUID(),
    process: null,
    port,
    starts: 0,
    modelDir: spec.modelDir,
    loadingDir: null,
    isAskedToStop: false,
  }
}

/** Leaders of process groups that carry a launch variable, by its value. */
async function launchesAlive(): Promise<ReadonlyMap<string, ProcessIdentity>> {
  const leaders = (await allProcesses()).filter(({ pid, group }) => pid === group)
  return new Map(
    leaders.flatMap(({ pid, startTicks }) => {
      const launch = launchOf(pid)
      return launch === null ? [] : [[launch, { pid, startTicks, bootId: bootId() }] as const]
    }),
  )
}
