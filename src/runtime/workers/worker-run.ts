import type { OpenInferenceClient } from '../open-inference/client.ts'
import { followWorker } from './follow-worker.ts'
import type { OutputPaths } from './launch.ts'
import { awaitSignal, pause } from './pause.ts'
import type { ProcessFamily } from './process-family.ts'
import type { SupervisionTiming } from './timing.ts'
import type { TrainingLine } from './training-line.ts'
import { type Trouble, watchHealth } from './watch-health.ts'
import { watchMemory } from './watch-memory.ts'
import type { TrainingProgress, WorkerExit } from './worker-events.ts'
import type { WorkerSpec } from './worker-spec.ts'

/** One process of a worker, from its start (or adoption) to its end. */
export type WorkerRun = {
  readonly spec: WorkerSpec
  readonly family: ProcessFamily
  /** Of the first process; pending while it lives. */
  readonly exited: Promise<WorkerExit>
  /** For inference. */
  readonly client: OpenInferenceClient | null
  readonly output: OutputPaths
  readonly timing: SupervisionTiming
  /** Given when the caller wants the worker to stop. */
  readonly asked: AbortSignal
  readonly graceSecondsAsked: () => number
  /** Given when supervision ends and the worker is to live on. */
  readonly detached: AbortSignal
  readonly on: RunListener
}

export type RunListener = {
  readonly ready: () => Promise<void>
  readonly progress: (progress: TrainingProgress) => void
  readonly memory: (rssMiB: number) => void
  readonly unwell: (
    reason: 'hung' | 'leaking' | 'flooding' | 'garbled-progress',
    message: string,
  ) => void
  /** SIGKILL did not end these. */
  readonly unkillable: (pids: readonly number[]) => void
}

export type RunEnd = {
  readonly exit: WorkerExit
  readonly trouble: Trouble | null
  readonly wasKilled: boolean
  /** The version that a trainer said it had finished. */
  readonly doneVersion: string | null
}

/** Watches the run to its end; null when supervision ended first. */
export async function watchRun(run: WorkerRun): Promise<RunEnd | null> {
  const over = new AbortController()
  const heard = hearing(run)
  const followed = { ...run.output, ...heard.listener, timing: run.timing }
  // If somebody took its files away it can still be watched, only not heard.
  const output = followWorker(followed, over.signal).catch(() => {})
  const memory = watchMemory({
    family: run.family,
    memoryMiBMax: run.spec.memoryMiBMax,
    timing: run.timing,
    onMemory: run.on.memory,
    onLeak: (message) => run.on.unwell('leaking', message),
    signal: over.signal,
  })
  const health = watchConduct(run, heard, over.signal)
  const trouble = await firstOf(run, [memory, health], heard.done)
  const ending = run.detached.aborted ? null : await endRun(run, trouble)
  over.abort()
  await Promise.all([memory, health, output])
  return ending === null ? null : { ...ending, doneVersion: heard.version() }
}

/** What ends the watching: the exit, a trouble, a wish, or a trainer's last word. */
async function firstOf(
  run: WorkerRun,
  watches: readonly Promise<Trouble | null>[],
  done: Promise<void>,
): Promise<Trouble | null> {
  const lingered = done.then(() => pause(run.timing.doneGraceSeconds, run.detached))
  const asked = awaitSignal(run.asked)
  const detached = awaitSignal(run.detached)
  const endings = [run.exited, asked.given, detached.given, lingered]
  const trouble = await Promise.race([
    ...endings.map((ending) => ending.then(() => null)),
    ...watches.map((watch) => watch.then((found) => found ?? new Promise<null>(() => {}))),
  ])
  asked.forget()
  detached.forget()
  return trouble
}

/** Ends whatever of it is alive, and tells how it ended. */
async function endRun(
  run: WorkerRun,
  trouble: Trouble | null,
): Promise<Omit<RunEnd, 'doneVersion'> | null> {
  if (trouble?.failure === 'hung') run.on.unwell('hung', trouble.message)
  const grace = run.asked.aborted ? run.graceSecondsAsked() : run.timing.graceSeconds
  const { wasKilled, left } = await run.family.end(grace, run.detached)
  if (left.length > 0 && !run.detached.aborted) {
    run.on.unkillable(left)
    // They hold the device: the worker has not ended before they have.
    while (!run.detached.aborted && (await run.family.members()).length > 0) {
      await pause(run.timing.memorySeconds, run.detached)
    }
  }
  const detached = awaitSignal(run.detached)
  const exit = await Promise.race([run.exited, detached.given.then(() => null)])
  detached.forget()
  return exit === null ? null : { exit, trouble, wasKilled }
}

/** Health of a server, or silence of a trainer. */
function watchConduct(
  run: WorkerRun,
  heard: Hearing,
  signal: AbortSignal,
): Promise<Trouble | null> {
  const { spec, client, timing } = run
  if (spec.kind === 'retraining') return watchSilence(spec.silenceSecondsMax, heard, signal)
  if (client === null) return Promise.resolve(null)
  const { readySecondsMax } = spec
  return watchHealth({ client, readySecondsMax, timing, onReady: run.on.ready, signal })
}

async function watchSilence(
  secondsMax: number | null,
  heard: Hearing,
  signal: AbortSignal,
): Promise<Trouble | null> {
  if (secondsMax === null) return null
  for (;;) {
    const left = secondsMax - (performance.now() - heard.atMs()) / 1000
    if (left <= 0) {
      return { failure: 'hung', message: `It printed no progress for ${secondsMax} s` }
    }
    await pause(left, signal)
    if (signal.aborted) return null
  }
}

type Hearing = {
  readonly listener: {
    readonly onLine: ((line: TrainingLine) => void) | null
    readonly onFlood: (message: string) => void
  }
  /** Resolves when a trainer says that it is done. */
  readonly done: Promise<void>
  readonly version: () => string | null
  /** When progress was last heard; at first, now. */
  readonly atMs: () => number
}

/** A worker in trouble repeats itself: reports of one kind are this far apart. */
const reportGapMs = 60_000

function hearing({ spec, on }: WorkerRun): Hearing {
  let version: string | null = null
  let atMs = performance.now()
  let sayDone = (): void => {}
  const done = new Promise<void>((resolve) => {
    sayDone = resolve
  })
  const toldAtMs = new Map<string, number>()
  const tell = (reason: 'flooding' | 'garbled-progress', message: string): void => {
    const nowMs = performance.now()
    if (nowMs - (toldAtMs.get(reason) ?? Number.NEGATIVE_INFINITY) < reportGapMs) return
    toldAtMs.set(reason, nowMs)
    on.unwell(reason, message)
  }
  const onLine = (line: TrainingLine): void => {
    if (line.kind === 'progress') {
      atMs = performance.now()
      on.progress(line.progress)
    } else if (line.kind === 'done') {
      version = line.version
      sayDone()
    } else if (line.kind === 'garbled') tell('garbled-progress', line.reason)
  }
  return {
    listener: {
      onLine: spec.kind === 'retraining' ? onLine : null,
      onFlood: (message) => tell('flooding', message),
    },
    done,
    version: () => version,
    atMs: () => atMs,
  }
}
