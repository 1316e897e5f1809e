import { type FileHandle, open } from 'node:fs/promises'
import type { WorkerEvent, WorkerEventKind } from '../workers/worker-events.ts'
import type { StartResult } from '../workers/worker-results.ts'
import type { InferenceSpec, RetrainingSpec } from '../workers/worker-spec.ts'
import { createWorkers, type Workers } from '../workers/workers.ts'

/** Worker processes one at a time, with their events to wait for. */
export type WorkerDesk = {
  /** Ends what an earlier run left; how many there were. */
  readonly clear: () => Promise<number>
  readonly start: (spec: InferenceSpec | RetrainingSpec) => Promise<StartedWorker>
  readonly close: () => Promise<void>
}

export type StartedWorker = {
  /**
   * The first event of one of these kinds, from the start on; null once the signal is given. The
   * last event of a worker ends every wait.
   */
  readonly next: (
    kinds: readonly WorkerEventKind[],
    signal: AbortSignal,
  ) => Promise<WorkerEvent | null>
  readonly events: readonly WorkerEvent[]
  readonly stop: () => Promise<void>
  /** What it wrote last to its standard error, or else to its output. */
  readonly lastWords: () => Promise<string>
  readonly stderrPath: string
}

const lastKinds: readonly WorkerEventKind[] = [
  ...(['done', 'checkpointed', 'stopped', 'failed', 'crash-looping'] as const),
]
const graceSeconds = 5
const quotedBytesMax = 4000
const quotedMax = 300
const quotedLinesMax = 3

/** Records and output lie in `stateDir`, which no daemon supervises. */
export function openWorkerDesk(stateDir: string): WorkerDesk {
  const listeners = new Map<string, (event: WorkerEvent) => void>()
  const workers = createWorkers({
    stateDir,
    nowSeconds: () => performance.now() / 1000,
    onEvent: (event) => listeners.get(event.workerId)?.(event),
    // Readiness is measured, so it is asked for often.
    timing: { readyPollSeconds: 0.02, pollSeconds: 0.05, endedKept: 5 },
  })
  return {
    clear: async () => {
      const left = (await workers.adopt()).filter(({ kind }) => kind === 'adopted')
      await Promise.all(workers.list().map(({ spec }) => workers.stop(spec.id, { graceSeconds })))
      return left.length
    },
    start: (spec) => startOne(workers, spec, listeners),
    close: workers.close,
  }
}

async function startOne(
  workers: Workers,
  spec: InferenceSpec | RetrainingSpec,
  listeners: Map<string, (event: WorkerEvent) => void>,
): Promise<StartedWorker> {
  const events: WorkerEvent[] = []
  const waiting = new Set<() => void>()
  listeners.set(spec.id, (event) => {
    events.push(event)
    for (const look of [...waiting]) look()
  })
  const started: StartResult =
    spec.kind === 'inference'
      ? await workers.startInference(spec)
      : await workers.startRetraining(spec)
  if (started.kind === 'refused') throw new Error(started.message)
  const { stdoutPath, stderrPath } = started.worker
  return {
    events,
    stderrPath,
    next: (kinds, signal) =>
      new Promise((resolve) => {
        const look = (): void => {
          const isWanted = ({ kind }: WorkerEvent) =>
            kinds.includes(kind) || lastKinds.includes(kind)
          const found = events.find(isWanted)
          if (found === undefined && !signal.aborted) return
          waiting.delete(look)
          signal.removeEventListener('abort', look)
          resolve(found ?? null)
        }
        waiting.add(look)
        signal.addEventListener('abort', look)
        look()
      }),
    stop: async () => {
      await workers.stop(spec.id, { graceSeconds })
    },
    lastWords: async () => (await tailOf(stderrPath)) || (await tailOf(stdoutPath)),
  }
}

/** The last line that sounds like the reason, or else the last lines. */
async function tailOf(path: string): Promise<string> {
  let file: FileHandle | null = null
  try {
    file = await open(path, 'r')
    const { size } = await file.stat()
    const bytes = Buffer.alloc(Math.min(size, quotedBytesMax))
    await file.read(bytes, 0, bytes.length, size - bytes.length)
    const lines = bytes.toString('utf8').split('\n')
    const told = lines.map((line) => line.trim()).filter((line) => line !== '')
    const reason = told.findLast((line) => /error\b|exception\b|out of memory/i.test(line))
    return reason?.slice(0, quotedMax) ?? told.slice(-quotedLinesMax).join(' | ')
  } catch {
    return ''
  } finally {
    await file?.close()
  }
}
