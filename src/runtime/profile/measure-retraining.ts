import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../base/assert.ts'
import { duration, percent } from '../../observe/units.ts'
import type { WorkerEvent } from '../workers/worker-events.ts'
import { commonSpec, largest, type MeasureContext } from './measure-context.ts'
import type { MeasureOutcome } from './measure-serving.ts'
import type { MeasuredRetraining } from './measured-table.ts'
import { ProfileError } from './profile-error.ts'
import type { ProfiledRetraining } from './profiled-tenant.ts'
import { endOf, startedAt } from './serving-worker.ts'

let runs = 0

/**
 * One retraining on the instance, to its end or for `secondsMax` after its first step; then the
 * whole is told from the share that was done. What it learns is thrown away.
 */
export async function measureRetraining(
  context: MeasureContext,
  { secondsMax }: { readonly secondsMax: number },
): Promise<MeasureOutcome> {
  const { found, folder, profile, tell } = context
  if (found().retraining !== null) return { kind: 'done' }
  runs += 1
  const own = join(folder, `retraining-${process.pid}-${runs}`)
  tell(`${profile}  retraining, for ${duration(secondsMax)} at most`)
  try {
    return await inFolder(context, own, secondsMax)
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

async function inFolder(
  context: MeasureContext,
  folder: string,
  secondsMax: number,
): Promise<MeasureOutcome> {
  const { tenant, desk, signal, found, keep, memoryMiB, profile, tell } = context
  const retraining = must(tenant.retraining)
  const [outputDir, checkpointDir] = ['versions', 'checkpoint'].map((name) => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  })
  const worker = await desk.start({
    ...commonSpec(context),
    kind: 'retraining',
    id: `retraining-${process.pid}-${runs}`,
    command: must(tenant.program.retraining),
    configurationId: retraining.configurationId,
    dataDir: retraining.dataDir,
    outputDir: must(outputDir),
    checkpointDir: must(checkpointDir),
    silenceSecondsMax: null,
  })
  try {
    const first = await worker.next(['progress'], signal)
    if (first === null) return { kind: 'interrupted' }
    if (first.kind === 'failed' && first.failure === 'spawn-failed') {
      throw new ProfileError(
        'unusable',
        `Cannot start the trainer of ${tenant.id}: ${first.message}`,
      )
    }
    if (first.kind !== 'progress' && first.kind !== 'done') {
      return { kind: 'not-ready', message: await endOf(worker, first), logPath: worker.stderrPath }
    }
    const early = await memoryMiB()
    const enough = AbortSignal.any([signal, AbortSignal.timeout(1000 * secondsMax)])
    const end = await worker.next([], enough)
    if (signal.aborted) return { kind: 'interrupted' }
    const told = await memoryMiB()
    const outcome =
      end?.kind === 'failed'
        ? { didNotRun: await endOf(worker, end) }
        : retrainingOutcome(worker.events, retraining)
    const before = found()
    keep({
      ...before,
      startSeconds: [...before.startSeconds, first.atSeconds - startedAt(worker.events)],
      memoryMiB: largest(before.memoryMiB, largest(early, told)),
      retraining: {
        date: new Date().toISOString(),
        configuration: retraining.configurationId,
        outcome,
      },
    })
    tell(`${profile}  retraining ${outcomeText(outcome)}`)
    return { kind: 'done' }
  } finally {
    await worker.stop()
  }
}

/** What its lines of progress come to; of the whole, where it was stopped before. */
export function retrainingOutcome(
  events: readonly WorkerEvent[],
  { samples }: Pick<ProfiledRetraining, 'samples'>,
): MeasuredRetraining['outcome'] {
  const points = events.flatMap((event) => {
    if (event.kind === 'progress') return [{ at: event.atSeconds, fraction: event.fraction }]
    return event.kind === 'done' ? [{ at: event.atSeconds, fraction: 1 }] : []
  })
  const [first] = points
  // The last epoch is told before the version is written, which is no work of the GPU's.
  const last = points.find(({ fraction }) => fraction === 1) ?? points.at(-1)
  if (first === undefined || last === undefined || last.fraction <= first.fraction) {
    return { didNotRun: 'it told of no progress in that time' }
  }
  const shareDone = last.fraction - first.fraction
  const seconds = (last.at - first.at) / shareDone
  return { seconds, shareDone, samplesPerSecond: samples / seconds }
}

function outcomeText(outcome: MeasuredRetraining['outcome']): string {
  if ('didNotRun' in outcome) return `did not run: ${outcome.didNotRun}`
  const { seconds, shareDone } = outcome
  const how = shareDone > 0.999 ? '' : `, told from ${percent(shareDone)} of the work`
  return `takes ${duration(seconds)}${how}`
}
