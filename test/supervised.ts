import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { SupervisionTiming } from '../src/runtime/workers/timing.ts'
import type { WorkerEvent, WorkerEventKind } from '../src/runtime/workers/worker-events.ts'
import type {
  InferenceSpec,
  RestartPolicy,
  RetrainingSpec,
} from '../src/runtime/workers/worker-spec.ts'
import { createWorkers, type Workers } from '../src/runtime/workers/workers.ts'

type EventOf<K extends WorkerEventKind> = Extract<WorkerEvent, { kind: K }>

/** Supervision of real processes in a directory of its own, its events, and its end. */
export type Supervised = {
  readonly dir: string
  readonly workers: Workers
  readonly events: readonly WorkerEvent[]
  readonly kinds: (id: string) => readonly WorkerEventKind[]
  /** The first event of that kind, of any worker, from now or before; fails after a minute. */
  readonly event: <K extends WorkerEventKind>(kind: K, nth?: number) => Promise<EventOf<K>>
  /** Another supervision of the same workers, as after a death of this one. */
  readonly successor: () => Promise<Supervised>
  readonly inference: (id: string, behaviours?: readonly string[]) => InferenceSpec
  readonly retraining: (id: string, args: readonly (string | number)[]) => RetrainingSpec
  readonly cleanUp: () => Promise<void>
}

/** Times short enough for tests, and long enough for a busy machine. */
export const briskTiming: Partial<SupervisionTiming> = {
  pollSeconds: 0.02,
  readyPollSeconds: 0.02,
  livenessSeconds: 0.1,
  livenessAnswerSecondsMax: 0.5,
  livenessMissesMax: 2,
  memorySeconds: 0.1,
  leakGraceSeconds: 0.1,
  graceSeconds: 0.5,
  doneGraceSeconds: 0.2,
  outputBytesMax: 256 * 1024,
}

export const briskRestarts: RestartPolicy = {
  firstDelaySeconds: 0.05,
  factor: 2,
  delaySecondsMax: 1,
  endsMax: 3,
  windowSeconds: 60,
}

const fixtures = realpathSync(join(import.meta.dirname, 'fixtures/workers'))

export function supervised(
  timing: Partial<SupervisionTiming> = {},
  dir = mkdtempSync(join(tmpdir(), 'migrator-workers-')),
): Supervised {
  const events: WorkerEvent[] = []
  const workers = createWorkers({
    stateDir: dir,
    nowSeconds: () => performance.now() / 1000,
    onEvent: (event) => events.push(event),
    timing: { ...briskTiming, ...timing },
  })
  const common = (id: string) => ({
    id,
    tenant: 'vision',
    device: 'MIG-11111111-2222-3333-4444-555555555555',
    profile: '2g.20gb',
    modelDir: join(dir, 'versions', 'first'),
    environment: {},
    paceFile: null,
    memoryMiBMax: null,
    restart: null,
  })
  return {
    dir,
    workers,
    events,
    kinds: (id) => events.filter(({ workerId }) => workerId === id).map(({ kind }) => kind),
    event: (kind, nth = 0) => eventually(() => ofKind(events, kind)[nth], `${kind} ${nth}`),
    successor: async () => {
      await workers.close()
      return supervised(timing, dir)
    },
    inference: (id, behaviours = []) => ({
      ...common(id),
      kind: 'inference',
      command: [process.execPath, join(fixtures, 'server.mjs'), ...behaviours],
      port: null,
      readySecondsMax: 10,
    }),
    retraining: (id, args) => ({
      ...common(id),
      kind: 'retraining',
      command: [process.execPath, join(fixtures, 'trainer.mjs'), ...args.map(String)],
      configurationId: 'full',
      dataDir: made(dir, 'data'),
      outputDir: made(dir, 'versions'),
      checkpointDir: made(dir, 'checkpoint'),
      silenceSecondsMax: null,
    }),
    cleanUp: async () => {
      await Promise.all(
        workers.list().map(({ spec }) => workers.stop(spec.id, { graceSeconds: 0 })),
      )
      await workers.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** What `look` finds, once it finds something. */
export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
  what: string,
): Promise<T> {
  const untilMs = performance.now() + 60_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > untilMs) throw new Error(`Waited in vain for ${what}`)
    await wait(10)
  }
}

function ofKind<K extends WorkerEventKind>(events: readonly WorkerEvent[], kind: K): EventOf<K>[] {
  return events.filter((event): event is EventOf<K> => event.kind === kind)
}

function made(dir: string, name: string): string {
  const path = join(dir, name)
  mkdirSync(path, { recursive: true })
  return path
}
