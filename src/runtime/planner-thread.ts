import { Worker } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { refusal } from '../core/plan/check-problem.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import type { Plan } from '../core/plan/plan.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { type Findings, noFindings, outcomeOf, takeIn } from './planner-findings.ts'
import { epochMs, type PlannerMessage, type PlannerRequest } from './planner-work.ts'

export type PlannerThreadOptions = {
  /** What the threads run; planner-worker.js unless a test brings one with a fault. */
  readonly script?: URL
  /** Beyond this a thread is ended and its best plan so far is the answer. */
  readonly memoryMiBMax?: number
  /** Whether a second thread stands by for the next problem; true unless only one is planned. */
  readonly hasSpare?: boolean
}

export type ThreadPlanOptions = {
  /** By the wall clock: the answer is there by then, whatever the thread does. */
  readonly secondsMax: number
  readonly stepsMax?: number
  readonly gapTarget?: number
  readonly incumbent?: Plan
  /** Told of everything as it arrives. */
  readonly onMessage?: (message: PlannerMessage) => void
}

export type ThreadAnswer = {
  readonly outcome: PlanOutcome
  readonly seconds: number
  /** How the planning ended: by itself, at the deadline, or by a failure of its thread. */
  readonly ended: 'done' | 'deadline' | 'failed'
  /** What went wrong on the way, for the log; empty as a rule. */
  readonly faults: readonly string[]
}

/** Plans off the main thread; one problem at a time. */
export type PlannerThread = {
  /**
   * Resolves when the thread has loaded what it needs, or cannot, or takes too long; whoever has
   * time before the deadline starts to count may wait for it.
   */
  readonly ready: () => Promise<void>
  readonly plan: (problem: PlanningProblem, options: ThreadPlanOptions) => Promise<ThreadAnswer>
  readonly close: () => Promise<void>
}

/** A thread stops by itself this long before its deadline, so that its last word arrives. */
const ownStopMs = 25
const memoryMiBMaxDefault = 1024
/** Work that makes a spare thread compile what planning needs: tens of milliseconds. */
const warmUpSteps = 5e6
const warmUpMsMax = 200
const warmUpId = 0
/** A tenth of a second on an idle machine. */
const loadMsMax = 2000
const gapTargetDefault = 1e-4

/**
 * Planning in a worker thread that is ended at its deadline. Plans and bounds come as messages
 * while they improve, so a crash, a thread out of memory, a NaN or an endless loop costs what would
 * have come after it, and no more. A second thread stands by, loaded and warm, for the next one.
 */
export function createPlannerThread(options: PlannerThreadOptions = {}): PlannerThread {
  const script = options.script ?? new URL('./planner-worker.js', import.meta.url)
  const maxOldGenerationSizeMb = options.memoryMiBMax ?? memoryMiBMaxDefault
  const ending = new Set<Promise<unknown>>()
  let isBusy = false
  let isClosed = false
  let nextId = warmUpId + 1
  let current = start()
  let spare = options.hasSpare === false ? null : start()
  return { ready: () => atMost(loadMsMax, current.loaded), plan, close }

  function start(): Hosted {
    const worker = new Worker(script, { resourceLimits: { maxOldGenerationSizeMb } })
    // The process may end while threads stand by. One that fails then is replaced at its use.
    worker.unref()
    const loaded = new Promise<void>((resolve) => {
      for (const event of ['message', 'error', 'exit']) worker.once(event, () => resolve())
    })
    const hosted: Hosted = { worker, loaded, failure: null, isWarm: false }
    worker.on('error', (error: unknown) => {
      hosted.failure ??= wordsOf(error)
    })
    worker.on('exit', (code) => {
      hosted.failure ??= `The thread ended with code ${code}`
    })
    return hosted
  }

  function replaceCurrent(): void {
    const ended = current.worker.terminate()
    ending.add(ended)
    void ended.finally(() => ending.delete(ended))
    current = spare ?? start()
    spare = options.hasSpare === false ? null : start()
  }

  async function plan(problem: PlanningProblem, asked: ThreadPlanOptions): Promise<ThreadAnswer> {
    assert(!isClosed, 'Cannot plan: the planner thread is closed')
    assert(!isBusy, 'Cannot plan: the planner thread plans already')
    const refused = refusal(problem)
    if (refused !== null) return { outcome: refused, seconds: 0, ended: 'done', faults: [] }
    isBusy = true
    const from = epochMs()
    if (current.failure !== null) replaceCurrent()
    const request = requestOf(problem, asked, { id: nextId, from })
    nextId += 1
    const findings = noFindings(problem, asked.incumbent)
    current.isWarm = true
    const ended = await watch(current, request, { findings, asked })
    if (ended !== 'done') replaceCurrent()
    if (spare !== null) warmUp(spare, request)
    isBusy = false
    const outcome = outcomeOf(findings, (epochMs() - from) / 1000)
    return { outcome, seconds: (epochMs() - from) / 1000, ended, faults: findings.faults }
  }

  async function close(): Promise<void> {
    isClosed = true
    await Promise.all([...ending, current.worker.terminate(), spare?.worker.terminate()])
  }
}

type Hosted = {
  readonly worker: Worker
  readonly loaded: Promise<void>
  failure: string | null
  isWarm: boolean
}

function requestOf(
  problem: PlanningProblem,
  { secondsMax, stepsMax, gapTarget, incumbent }: ThreadPlanOptions,
  { id, from }: { readonly id: number; readonly from: number },
): PlannerRequest {
  return {
    id,
    problem,
    stopAtMs: from + Math.max(0, 1000 * secondsMax - ownStopMs),
    stepsMax: stepsMax ?? Number.POSITIVE_INFINITY,
    gapTarget: gapTarget ?? gapTargetDefault,
    incumbent: incumbent ?? null,
  }
}

/** Has the thread plan, and takes in what it tells until it is done, fails, or the time is over. */
function watch(
  { worker, failure }: Hosted,
  request: PlannerRequest,
  { findings, asked }: { readonly findings: Findings; readonly asked: ThreadPlanOptions },
): Promise<ThreadAnswer['ended']> {
  if (failure !== null) {
    findings.faults.push(failure)
    return Promise.resolve('failed')
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish('deadline'), 1000 * asked.secondsMax)
    const onMessage = (message: PlannerMessage) => {
      if (message.id !== request.id) return
      takeIn(findings, message)
      asked.onMessage?.(message)
      if (message.kind === 'done') finish('done')
    }
    const onError = (error: unknown) => fail(wordsOf(error))
    const onExit = (code: number) => fail(`The thread ended with code ${code}`)
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    worker.postMessage(request)

    function fail(words: string): void {
      findings.faults.push(words)
      finish('failed')
    }

    function finish(ended: ThreadAnswer['ended']): void {
      clearTimeout(timer)
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      resolve(ended)
    }
  })
}

/** A thread that stands by plans a problem like the next one for a moment, and is compiled. */
function warmUp(spare: Hosted, request: PlannerRequest): void {
  if (spare.isWarm || spare.failure !== null) return
  spare.isWarm = true
  const stopAtMs = epochMs() + warmUpMsMax
  spare.worker.postMessage({ ...request, id: warmUpId, stepsMax: warmUpSteps, stopAtMs })
}

/** Resolves with the promise, or after that time. */
async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
