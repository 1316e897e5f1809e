import type { RetrainingJob } from '../../control/executor-state.ts'
import type { WorkerEvent, WorkerEventKind } from '../workers/worker-events.ts'
import type { KeptJob } from './kept-jobs.ts'

/** What is there of a retraining that a daemon before this one had under way, and no trainer of. */
export type LeftOfJob = {
  readonly kept: KeptJob
  /** How its trainer ended while no daemon looked; null: as far as anybody knows it did not. */
  readonly end: WorkerEvent | null
  /** Whether its version was taken in, and not judged. */
  readonly isCandidate: boolean
  readonly hasCheckpointOnDisk: boolean
  readonly nowSeconds: number
}

export type JobLeft =
  /** There is a version to be judged. */
  | {
      readonly kind: 'trained'
      readonly job: KeptJob
      /** Null: the version was taken in before. */
      readonly workerId: string | null
    }
  | { readonly kind: 'waiting'; readonly job: RetrainingJob }
  | { readonly kind: 'lost'; readonly why: string }

export function jobLeft(left: LeftOfJob): JobLeft {
  const { kept, end, isCandidate, hasCheckpointOnDisk, nowSeconds } = left
  if (end?.kind === 'done') return { kind: 'trained', job: kept, workerId: end.workerId }
  if (isCandidate) return { kind: 'trained', job: kept, workerId: null }
  if (!hasCheckpointOnDisk) {
    return { kind: 'lost', why: `it ${wordsOf(end?.kind)} and left no checkpoint` }
  }
  const { device: _, ...job } = kept
  const fraction = end?.kind === 'checkpointed' ? end.fraction : job.checkpointFraction
  const waiting = {
    ...job,
    instanceId: null,
    hasCheckpoint: true,
    fraction,
    checkpointFraction: fraction,
    waitingSinceSeconds: job.waitingSinceSeconds ?? nowSeconds,
  }
  return { kind: 'waiting', job: waiting }
}

function wordsOf(kind: WorkerEventKind | undefined): string {
  return kind === undefined ? 'is gone' : `ended (${kind})`
}
