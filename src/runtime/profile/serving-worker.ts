import { openInferenceClient } from '../open-inference/client.ts'
import type { WorkerEvent } from '../workers/worker-events.ts'
import { type BatchSender, batchSender } from './batch-sender.ts'
import { commonSpec, type MeasureContext } from './measure-context.ts'
import { ProfileError } from './profile-error.ts'
import { type RequestMaker, requestsByMetadata, requestsLike } from './request-bodies.ts'
import type { StartedWorker } from './worker-desk.ts'

/** A worker of the tenant's that says it is ready. */
export type ServingWorker = {
  readonly kind: 'ready'
  /** From the start of its process. */
  readonly readySeconds: number
  readonly url: string
  readonly sender: BatchSender
  readonly stop: () => Promise<void>
  /** Why it has ended; null while it has not. */
  readonly endWords: () => Promise<string | null>
}

export type StartOutcome =
  | ServingWorker
  | { readonly kind: 'not-ready'; readonly message: string; readonly logPath: string }
  | { readonly kind: 'interrupted' }

let starts = 0

/** Starts one; a program that cannot be started at all is a ProfileError. */
export async function startServing(context: MeasureContext): Promise<StartOutcome> {
  const { tenant, desk, signal } = context
  starts += 1
  const worker = await desk.start({
    ...commonSpec(context),
    kind: 'inference',
    id: `serving-${process.pid}-${starts}`,
    command: tenant.program.inference,
    port: null,
    readySecondsMax: tenant.program.readySecondsMax,
  })
  const event = await worker.next(['ready'], signal)
  if (event?.kind !== 'ready') {
    await worker.stop()
    if (event === null) return { kind: 'interrupted' }
    if (event.kind === 'failed' && event.failure === 'spawn-failed') {
      throw new ProfileError(
        'unusable',
        `Cannot start the worker of ${tenant.id}: ${event.message}`,
      )
    }
    return { kind: 'not-ready', message: await endOf(worker, event), logPath: worker.stderrPath }
  }
  const sender = batchSender(event.url, tenant.id)
  return {
    kind: 'ready',
    readySeconds: event.atSeconds - startedAt(worker.events),
    url: event.url,
    sender,
    stop: async () => {
      await sender.close()
      await worker.stop()
    },
    endWords: async () => {
      const end = worker.events.find(({ kind }) => kind === 'failed' || kind === 'unwell')
      return end === undefined ? null : endOf(worker, end)
    },
  }
}

/** What to ask it: the given request, or one by what it says of its model. */
export async function requestsFor(
  { tenant, sample, signal }: MeasureContext,
  url: string,
): Promise<RequestMaker> {
  const items = tenant.itemsPerRequest
  if (sample !== null) return makerOf(requestsLike(sample, items), 'Cannot use the given request')
  const client = openInferenceClient(url)
  const answer = await client.modelMetadata(tenant.id, { secondsMax: 10, signal })
  await client.close()
  const what = `Cannot make requests for ${tenant.id}`
  if (answer.kind === 'ok') return makerOf(requestsByMetadata(answer.value, items), what)
  const fix = 'give one with --request FILE'
  throw new ProfileError(
    'failed',
    `${what}: its worker does not describe its inputs (${answer.message}); ${fix}`,
  )
}

function makerOf(made: ReturnType<typeof requestsLike>, what: string): RequestMaker {
  if (made.kind === 'maker') return made.maker
  throw new ProfileError('unusable', `${what}: ${made.reason}`)
}

/** When its process began, by the clock of its events. */
export function startedAt(events: readonly WorkerEvent[]): number {
  return events.find(({ kind }) => kind === 'started')?.atSeconds ?? Number.NaN
}

/** Why a worker ended, with what it said last. */
export async function endOf(worker: StartedWorker, event: WorkerEvent): Promise<string> {
  const told = 'message' in event ? event.message : event.kind
  const words = await worker.lastWords()
  return words === '' ? told : `${told}; it said: ${words}`
}
