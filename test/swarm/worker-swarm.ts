import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { allProcesses } from '../../src/runtime/workers/processes.ts'
import type { WorkerEvent, WorkerEventKind } from '../../src/runtime/workers/worker-events.ts'
import type { WorkerSpec } from '../../src/runtime/workers/worker-spec.ts'
import { briskRestarts, type Supervised, supervised } from '../supervised.ts'

export type SwarmResult = { readonly breaches: readonly string[]; readonly log: readonly string[] }

const steps = 25
const ids = ['a', 'b', 'c', 'd']

export const serverBehaviours: readonly (readonly string[])[] = [
  [],
  [],
  ['dies-at-start'],
  ['hangs-at-start'],
  ['never-ready'],
  ['answers-garbage'],
  ['ignores-sigterm'],
  ['leaves-a-child', 'ignores-sigterm'],
  ['leaves-an-escaped-child'],
  ['floods'],
  ['leaks'],
  ['refuses-versions'],
  ['is-not-there'],
]

export const trainerBehaviours: readonly (readonly string[])[] = [
  [],
  ['dies-once'],
  ['goes-silent'],
  ['prints-garbage', 'floods'],
  ['writes-no-version'],
  ['leads-astray'],
  ['lingers'],
  ['ignores-sigterm'],
  ['loses-checkpoints'],
]

const lastKinds: readonly WorkerEventKind[] = [
  'done',
  'checkpointed',
  'stopped',
  'failed',
  'crash-looping',
]

/**
 * Real workers that misbehave in every way there is a fixture for, killed, frozen, stopped, loaded
 * and started at random, under a supervisor that is replaced now and then. Whatever happens, every
 * start has exactly one last event, events come in their order, and nothing is left at the end.
 */
export async function workerSwarm(seed: number): Promise<SwarmResult> {
  const rng = new Rng(seed, 'worker swarm')
  const log: string[] = []
  const breaches: string[] = []
  /** Of each supervisor before. */
  const past: (readonly WorkerEvent[])[] = []
  let own = supervised()
  const { dir } = own
  let starts = 0
  const replace = async (): Promise<void> => {
    const next = await own.successor()
    past.push(own.events)
    own = next
    await own.workers.adopt()
  }
  for (let step = 0; step < steps; step += 1) {
    const id = pick(rng, ids)
    const what = pick(rng, ['start', 'start', 'start', 'stop', 'kill', 'freeze', 'load', 'replace'])
    log.push(`${step} ${what} ${id}`)
    if (what === 'start') starts += (await start(own, rng, { id, log })) ? 1 : 0
    else if (what === 'stop') void own.workers.stop(id, { graceSeconds: rng.uniform() / 5 })
    else if (what === 'load') void own.workers.load(id, join(dir, 'versions', `${step}`))
    else if (what === 'replace') await replace()
    else signal(own, id, what === 'kill' ? 'SIGKILL' : 'SIGSTOP')
    await wait(300 * rng.uniform() ** 2)
  }
  const stopped = own.workers.list().map(({ spec }) => spec.id)
  await Promise.all(stopped.map((id) => own.workers.stop(id, { graceSeconds: 0.1 })))
  if (own.workers.list().length > 0) breaches.push('Workers are left that were told to stop')
  const told = [...past, own.events]
  breaches.push(...orderBreaches(told, starts), ...(await remains(dir)))
  await own.cleanUp()
  return { breaches, log: [...log, ...told.flat().map((event) => JSON.stringify(event))] }
}

async function start(
  own: Supervised,
  rng: Rng,
  { id, log }: { readonly id: string; readonly log: string[] },
): Promise<boolean> {
  const restart = rng.uniform() < 0.5 ? briskRestarts : null
  const isServer = rng.uniform() < 0.6
  const behaviours = pick(rng, isServer ? serverBehaviours : trainerBehaviours)
  log.push(`  ${isServer ? 'server' : 'trainer'} ${behaviours.join(' ')}`)
  const isThere = !behaviours.includes('is-not-there')
  const given: WorkerSpec = isServer
    ? { ...own.inference(id, behaviours), restart, readySecondsMax: 1, memoryMiBMax: 200 }
    : { ...own.retraining(id, [3, 100, ...behaviours]), restart, silenceSecondsMax: 0.5 }
  const spec = isThere ? given : { ...given, command: ['/nowhere/server'] as const }
  const result =
    spec.kind === 'inference'
      ? await own.workers.startInference(spec)
      : await own.workers.startRetraining(spec)
  return result.kind === 'started'
}

function signal(own: Supervised, id: string, name: NodeJS.Signals): void {
  const view = own.workers.list().find(({ spec }) => spec.id === id)
  if (view?.process == null || view.phase === 'backing-off') return
  try {
    process.kill(view.process.pid, name)
  } catch {
    // It has just ended.
  }
}

/** Lives of one id follow each other, so each last event ends one of them. */
function orderBreaches(
  told: readonly (readonly WorkerEvent[])[],
  starts: number,
): readonly string[] {
  const breaches: string[] = []
  const ended = told.flat().filter(({ kind }) => lastKinds.includes(kind)).length
  if (ended !== starts) breaches.push(`${starts} starts have ${ended} last events`)
  for (const id of ids) {
    let before: Before = null
    for (const events of told) {
      for (const event of events.filter(({ workerId }) => workerId === id)) {
        const { kind } = event
        // What could not be started has not exited either.
        if ('failure' in event && event.failure === 'spawn-failed') before = 'exited'
        if (kind === 'crash-looping' && before === 'restarting') before = 'exited'
        if (!mayFollow(before, kind)) breaches.push(`${id}: ${kind} after ${before}`)
        if (kind !== 'unwell') before = lastKinds.includes(kind) ? null : kind
      }
      // What happens while one supervisor goes and the next one comes is not told.
      if (before !== null) before = 'adopted'
    }
  }
  return breaches
}

type Before = WorkerEventKind | 'adopted' | null

function mayFollow(before: Before, kind: WorkerEventKind): boolean {
  if (before === 'adopted') return ['ready', 'progress', 'exited', 'unwell'].includes(kind)
  switch (kind) {
    case 'started':
      return before === null || before === 'restarting'
    case 'ready':
      return before === 'started'
    case 'progress':
      return before === 'started' || before === 'progress'
    case 'exited':
      return before === 'started' || before === 'ready' || before === 'progress'
    case 'unwell':
      return before !== null && before !== 'restarting'
    case 'restarting':
      return before === 'exited'
    case 'stopped':
      return before === 'exited' || before === 'restarting'
    case 'failed':
    case 'crash-looping':
    case 'done':
    case 'checkpointed':
      return before === 'exited'
  }
}

/** Processes and records of that state directory. */
async function remains(dir: string): Promise<readonly string[]> {
  const left = (await allProcesses()).filter(({ pid }) => environmentOf(pid).includes(dir))
  const workers = join(dir, 'workers')
  const names = existsSync(workers) ? readdirSync(workers) : []
  const records = names.filter((name) => existsSync(join(workers, name, 'record.json')))
  return [
    ...left.map(({ pid }) => `Process ${pid} is left: ${environmentOf(pid)}`),
    ...records.map((name) => `The record of ${name} is left`),
  ]
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8')
  } catch {
    return ''
  }
}

function pick<T>(rng: Rng, from: readonly T[]): T {
  return must(from[rng.integer(from.length)])
}
