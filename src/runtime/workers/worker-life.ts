import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { must } from '../../base/assert.ts'
import { type OpenInferenceClient, openInferenceClient } from '../open-inference/client.ts'
import { exitOfAdopted, type Launched, launchWorker } from './launch.ts'
import { pause } from './pause.ts'
import { processFamily } from './process-family.ts'
import type { SupervisionTiming } from './timing.ts'
import { judgeEnd, type Verdict } from './verdict.ts'
import type { WorkerEvent, WorkerExit } from './worker-events.ts'
import { type WorkerRecord, writeRecord } from './worker-record.ts'
import type { LoadResult, StopResult } from './worker-results.ts'
import { type RunEnd, type WorkerRun, watchRun } from './worker-run.ts'
import type { ProcessIdentity, WorkerPhase, WorkerView } from './worker-spec.ts'

/** One worker through all its processes, from its start or adoption to its last event. */
export type WorkerLife = {
  readonly view: () => WorkerView
  readonly stop: (graceSeconds: number) => Promise<StopResult>
  readonly load: (modelDir: string) => Promise<LoadResult>
  /** Resolves once it was started (or could not be), or at once when adopted. */
  readonly begun: Promise<void>
  /** Resolves after its last event, or after `detach`. */
  readonly finished: Promise<void>
  /** Ends supervision; the process lives on. */
  readonly detach: () => void
}

export type LifeOptions = {
  readonly dir: string
  readonly timing: SupervisionTiming
  readonly nowSeconds: () => number
  readonly onEvent: (event: WorkerEvent) => void
}

/** How a life begins: with a first start, a living process, or one that died unseen. */
export type LifeBeginning =
  | { readonly kind: 'start' }
  | { readonly kind: 'adopt'; readonly process: ProcessIdentity }
  | { readonly kind: 'dead'; readonly process: ProcessIdentity | null }

/** An event but for what each has: whose, and when. */
type OwnEvent = WorkerEvent extends infer E
  ? E extends WorkerEvent
    ? Omit<E, 'workerId' | 'tenant' | 'atSeconds'>
    : never
  : never

type Process = { readonly identity: ProcessIdentity; readonly exited: Promise<WorkerExit> }

/** Supervises the worker of that record, which is the first to be written. */
export function superviseWorker(
  first: WorkerRecord,
  beginning: LifeBeginning,
  options: LifeOptions,
): WorkerLife {
  const { dir, timing, nowSeconds } = options
  const { spec, port } = first
  const output = { stdoutPath: join(dir, 'stdout.log'), stderrPath: join(dir, 'stderr.log') }
  const url = port === null ? null : `http://127.0.0.1:${port}`
  const client = url === null ? null : openInferenceClient(url, { connectionsMax: 4 })
  const asked = new AbortController()
  const detached = new AbortController()
  const askedOrDetached = AbortSignal.any([asked.signal, detached.signal])
  const ends: number[] = []
  const stuck: ((pids: readonly number[]) => void)[] = []
  let record = first
  let phase: WorkerPhase = first.isAskedToStop ? 'stopping' : 'starting'
  let fraction: number | null = null
  let rssMiB: number | null = null
  let graceSeconds = timing.graceSeconds
  let wasKilled = false
  let writing: Promise<void> = Promise.resolve()
  let sayBegun = (): void => {}
  const begun = new Promise<void>((resolve) => {
    sayBegun = resolve
  })
  if (first.isAskedToStop) asked.abort()
  // No write of ours may come after a later supervisor's.
  const finished = live().then(() => writing)
  return { view, stop, load, begun, finished, detach: () => detached.abort() }

  async function live(): Promise<void> {
    let unseen: LifeBeginning | null = beginning.kind === 'start' ? null : beginning
    for (;;) {
      const end: RunEnd | null = unseen === null ? await startAndWatch() : await takeOver(unseen)
      if (end === null) return closeClient()
      const mayRestart = unseen?.kind !== 'dead'
      unseen = null
      const verdict = await judge(end, mayRestart)
      if (verdict.kind !== 'restart') return finish(verdict)
      phase = 'backing-off'
      emit({ kind: 'restarting', inSeconds: verdict.inSeconds, failure: verdict.failure })
      await pause(verdict.inSeconds, askedOrDetached)
      if (detached.signal.aborted) return closeClient()
      if (asked.signal.aborted) return finish({ kind: 'stopped', wasKilled: false })
    }
  }

  async function startAndWatch(): Promise<RunEnd | null> {
    const { starts, modelDir } = record
    const launch = randomUUID()
    phase = asked.signal.aborted ? 'stopping' : 'starting'
    rssMiB = null
    wasKilled = false
    const launched = await launchRecorded({ launch, starts: starts + 1, modelDir })
    if (launched.kind === 'failed') {
      sayBegun()
      const trouble = { failure: 'spawn-failed', message: launched.message } as const
      return { exit: { kind: 'unknown' }, trouble, wasKilled: false, doneVersion: null }
    }
    emit({ kind: 'started', process: launched.identity, starts: record.starts })
    sayBegun()
    return watch(launched)
  }

  /** Nothing is started that a later supervisor could not find. */
  async function launchRecorded(start: {
    readonly launch: string
    readonly starts: number
    readonly modelDir: string
  }): Promise<Launched> {
    const { launch, starts, modelDir } = start
    try {
      await keep({ launch, process: null, starts, loadingDir: null })
    } catch (error) {
      return { kind: 'failed', message: `No record could be written: ${wordsOf(error)}` }
    }
    const launched = await launchWorker({ spec, modelDir, port, launch }, output)
    // The launch variable finds it, should this not succeed.
    if (launched.kind === 'launched') await tryToKeep({ process: launched.identity })
    return launched
  }

  /** A process that an earlier supervisor started. */
  function takeOver(beginning: Exclude<LifeBeginning, { kind: 'start' }>): Promise<RunEnd | null> {
    sayBegun()
    const identity = beginning.process ?? { pid: 0, startTicks: '', bootId: '' }
    const exited: Promise<WorkerExit> =
      beginning.kind === 'dead'
        ? Promise.resolve({ kind: 'unknown' })
        : exitOfAdopted(identity, timing.pollSeconds, detached.signal)
    return watch({ identity, exited })
  }

  async function watch({ identity, exited }: Process): Promise<RunEnd | null> {
    const run: WorkerRun = {
      spec,
      family: processFamily(identity, record.launch),
      exited,
      client,
      output,
      timing,
      asked: asked.signal,
      graceSecondsAsked: () => graceSeconds,
      detached: detached.signal,
      on: {
        ready: becomeReady,
        progress: (progress) => {
          fraction = progress.fraction
          if (phase === 'starting') phase = 'ready'
          emit({ kind: 'progress', ...progress })
        },
        memory: (value) => {
          rssMiB = value
        },
        unwell: (reason, message) => emit({ kind: 'unwell', reason, message }),
        unkillable: (pids) => {
          for (const tell of stuck.splice(0)) tell(pids)
        },
      },
    }
    const end = await watchRun(run)
    if (end === null) return null
    wasKilled ||= end.wasKilled
    emit({ kind: 'exited', exit: end.exit, wasAsked: asked.signal.aborted })
    return end
  }

  async function becomeReady(): Promise<void> {
    const { loadingDir } = record
    // Whether an unconfirmed load happened is unknown; once more does no harm.
    if (loadingDir !== null) await loadInto(must(client), loadingDir)
    if (phase !== 'starting' || detached.signal.aborted) return
    phase = 'ready'
    emit({ kind: 'ready', url: must(url), modelDir: record.modelDir })
  }

  async function judge(end: RunEnd, mayRestart: boolean): Promise<Verdict> {
    const now = nowSeconds()
    ends.push(now)
    const wasAsked = asked.signal.aborted
    const all = { ...end, wasKilled: wasKilled || end.wasKilled }
    return judgeEnd({
      spec,
      end: all,
      wasAsked,
      mayRestart,
      endsAtSeconds: ends,
      nowSeconds: now,
    })
  }

  async function finish(verdict: Exclude<Verdict, { kind: 'restart' }>): Promise<void> {
    phase = 'ended'
    await Promise.all([closeClient(), writing])
    emit(verdict.kind === 'checkpointed' ? { ...verdict, fraction: fraction ?? 0 } : verdict)
  }

  async function stop(seconds: number): Promise<StopResult> {
    const isStuck = new Promise<StopResult>((resolve) => {
      stuck.push((pids) => resolve({ kind: 'not-stopped', pids }))
    })
    if (!asked.signal.aborted) {
      graceSeconds = seconds
      if (phase !== 'backing-off') phase = 'stopping'
      await tryToKeep({ isAskedToStop: true })
      asked.abort()
    }
    return Promise.race([isStuck, finished.then(stopResult)])
  }

  /** Where supervision ended first, the next supervisor carries the stop on. */
  function stopResult(): StopResult {
    if (phase === 'ended') return { kind: 'stopped', wasKilled }
    return { kind: 'not-stopped', pids: record.process === null ? [] : [record.process.pid] }
  }

  async function load(modelDir: string): Promise<LoadResult> {
    if (client === null) return { kind: 'refused', message: 'It is no inference worker' }
    if (phase !== 'ready') return { kind: 'refused', message: `It is ${phase}` }
    await tryToKeep({ loadingDir: modelDir })
    return loadInto(client, modelDir)
  }

  async function loadInto(server: OpenInferenceClient, modelDir: string): Promise<LoadResult> {
    const signal = askedOrDetached
    const secondsMax = timing.loadSecondsMax
    const answer = await server.load(spec.tenant, modelDir, { secondsMax, signal })
    if (detached.signal.aborted) return { kind: 'refused', message: 'Supervision has ended' }
    if (answer.kind === 'ok') {
      await tryToKeep({ modelDir, loadingDir: null })
      return { kind: 'loaded' }
    }
    await tryToKeep({ loadingDir: null })
    const kind = answer.kind === 'unreachable' ? 'unknown' : 'refused'
    return { kind, message: answer.message }
  }

  /** One write after the other, each of the newest state; none once the record is to go. */
  function keep(changes: Partial<WorkerRecord>): Promise<void> {
    record = { ...record, ...changes }
    if (phase === 'ended') return writing
    const written = writing.then(() => writeRecord(dir, record))
    writing = written.catch(() => {})
    return written
  }

  /** An older record costs a later supervisor some work, so it is no reason to stop a worker. */
  function tryToKeep(changes: Partial<WorkerRecord>): Promise<void> {
    return keep(changes).catch(() => {})
  }

  async function closeClient(): Promise<void> {
    await client?.close()
  }

  function emit(event: OwnEvent): void {
    if (detached.signal.aborted) return
    const own = { workerId: spec.id, tenant: spec.tenant, atSeconds: nowSeconds() }
    options.onEvent({ ...own, ...event })
  }

  function view(): WorkerView {
    const { process, modelDir, starts } = record
    return { spec, phase, process, url, modelDir, starts, fraction, rssMiB, ...output }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
