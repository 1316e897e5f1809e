import type { Answer, OpenInferenceClient } from '../open-inference/client.ts'
import { pause } from './pause.ts'
import type { SupervisionTiming } from './timing.ts'
import type { WorkerFailure } from './worker-events.ts'

/** Why a living worker must be ended. */
export type Trouble = { readonly failure: WorkerFailure; readonly message: string }

export type HealthWatch = {
  readonly client: OpenInferenceClient
  readonly readySecondsMax: number
  readonly timing: SupervisionTiming
  /** Once, when it first says that it is ready. */
  readonly onReady: () => Promise<void>
  readonly signal: AbortSignal
}

/** Asks a server until it is ready, and then whether it lives; null when told to stop. */
export async function watchHealth(watch: HealthWatch): Promise<Trouble | null> {
  const trouble = await becomeReady(watch)
  if (trouble !== null || watch.signal.aborted) return trouble
  await watch.onReady()
  return stayAlive(watch)
}

async function becomeReady(watch: HealthWatch): Promise<Trouble | null> {
  const { client, readySecondsMax, timing, signal } = watch
  const untilMs = performance.now() + 1000 * readySecondsMax
  while (!signal.aborted) {
    const answer = await client.ready({ secondsMax: timing.readyAnswerSecondsMax, signal })
    if (answer.kind === 'ok') return null
    if (performance.now() >= untilMs) {
      const message = `Not ready within ${readySecondsMax} s; its last answer: ${wordsOf(answer)}`
      return { failure: 'not-ready-in-time', message }
    }
    await pause(timing.readyPollSeconds, signal)
  }
  return null
}

async function stayAlive({ client, timing, signal }: HealthWatch): Promise<Trouble | null> {
  let misses = 0
  while (!signal.aborted) {
    await pause(timing.livenessSeconds, signal)
    if (signal.aborted) return null
    const answer = await client.live({ secondsMax: timing.livenessAnswerSecondsMax, signal })
    misses = answer.kind === 'ok' ? 0 : misses + 1
    if (misses >= timing.livenessMissesMax) {
      const message = `${misses} times in a row it did not say that it lives: ${wordsOf(answer)}`
      return { failure: 'hung', message }
    }
  }
  return null
}

function wordsOf(answer: Exclude<Answer<true>, { kind: 'ok' }> | Answer<true>): string {
  switch (answer.kind) {
    case 'ok':
      return 'yes'
    case 'refused':
      return `status ${answer.status} ${answer.message}`.trim()
    case 'garbage':
    case 'unreachable':
      return answer.message
  }
}
