import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../base/assert.ts'
import type { Site } from '../../core/site.ts'
import type { OwnedInstance } from '../../reconfigure/journal.ts'
import type { WorkerView } from '../workers/worker-spec.ts'
import type { Workers } from '../workers/workers.ts'
import type { FailedPlaces } from './failed-places.ts'
import { type JobLeft, jobLeft } from './job-left.ts'
import { jobIdOf, versionOf } from './job-names.ts'
import type { KeptJob } from './kept-jobs.ts'
import type { UnseenEnds } from './unseen-ends.ts'
import type { VersionStore } from './version-store.ts'
import type { Log } from './world-context.ts'

export type FoundWorkers = {
  readonly site: Site
  readonly workers: Workers
  readonly ends: UnseenEnds
  readonly owned: readonly OwnedInstance[]
  readonly failed: Pick<FailedPlaces, 'isFailed'>
  /** Parallel to the tenants, as are the versions. */
  readonly kept: readonly (KeptJob | null)[]
  readonly versions: readonly VersionStore[]
  readonly jobFolder: (tenant: string, jobId: string) => string
  readonly nowSeconds: number
  readonly log: Log
}

/** For workers that had been told to end when the daemon that told them did. */
const endingSecondsMax = 20
const graceSeconds = 5

/**
 * Adopts the workers of a daemon before this one, waits for those that are about to end, and tells
 * of each tenant's retraining what is left where no trainer works on it any more.
 */
export async function takeOverWorkers(found: FoundWorkers): Promise<readonly (JobLeft | null)[]> {
  const { site, workers, ends, kept, log } = found
  const dead: string[] = []
  for (const adoption of await workers.adopt()) {
    if (adoption.kind === 'adopted') log('info', `${adoption.worker.spec.id}: adopted`)
    else if (adoption.kind === 'unreadable') log('warn', `${adoption.path}: ${adoption.message}`)
    else {
      log('warn', `${adoption.workerId}: ended unseen`)
      dead.push(adoption.workerId)
    }
  }
  const views = workers.list()
  const ending = views.filter(({ phase }) => phase === 'stopping').map(({ spec }) => spec.id)
  const placeless = views.filter((view) => isPlaceless(found, view)).map(({ spec }) => spec.id)
  for (const id of placeless) {
    log('warn', `${id}: its GPU instance is gone, so it is stopped`)
    void workers.stop(id, { graceSeconds })
  }
  const awaited = [...new Set([...dead, ...ending, ...placeless])]
  const told = await ends.of(awaited, { secondsMax: endingSecondsMax })
  return kept.map((job, index) => {
    const { id } = must(site.tenants[index])
    const isOwn = (workerId: string): boolean => jobIdOf(workerId, id) === job?.id
    const isAtWork = workers
      .list()
      .some(({ spec, phase }) => spec.kind === 'retraining' && phase !== 'ended' && isOwn(spec.id))
    if (job === null || isAtWork) return null
    const left = jobLeft({
      kept: job,
      end: told.find(({ tenant, workerId }) => tenant === id && isOwn(workerId)) ?? null,
      isCandidate: isCandidate(found, index, job),
      hasCheckpointOnDisk: hasFiles(join(found.jobFolder(id, job.id), 'checkpoint')),
      nowSeconds: found.nowSeconds,
    })
    log(left.kind === 'lost' ? 'warn' : 'info', `${job.id}: ${wordsOf(left)}`)
    return left
  })
}

/** A trainer that has no GPU instance to train on any more. */
function isPlaceless({ owned, failed }: FoundWorkers, { spec, phase }: WorkerView): boolean {
  if (spec.kind !== 'retraining' || phase === 'stopping') return false
  return !owned.some((own) => own.uuid === spec.device && !failed.isFailed(own))
}

function isCandidate({ versions }: FoundWorkers, tenant: number, job: KeptJob): boolean {
  return versions[tenant]?.find(versionOf(job.id))?.standing === 'candidate'
}

function hasFiles(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0
  } catch {
    return false
  }
}

function wordsOf(left: JobLeft): string {
  switch (left.kind) {
    case 'trained':
      return 'its trainer is done, and its version is to be judged'
    case 'waiting':
      return `waits as a checkpoint (${(100 * left.job.fraction).toFixed(0)} %)`
    case 'lost':
      return `is lost: ${left.why}`
  }
}
