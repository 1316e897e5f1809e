import { expect, test } from 'vitest'
import type { WorkerEvent } from '../workers/worker-events.ts'
import { jobLeft } from './job-left.ts'
import type { KeptJob } from './kept-jobs.ts'

const kept: KeptJob = {
  id: 'vision/job-4',
  configurationId: 'full',
  startedSeconds: 10,
  waitingSinceSeconds: null,
  fraction: 0,
  checkpointFraction: 0,
  hasCheckpoint: false,
  device: 'MIG-1',
}
const left = { kept, end: null, isCandidate: false, hasCheckpointOnDisk: false, nowSeconds: 50 }

function ended(event: Partial<WorkerEvent>): WorkerEvent {
  return { workerId: 'vision-job-4-10', tenant: 'vision', atSeconds: 40, ...event } as WorkerEvent
}

test('a version that nobody judged is judged, whether it was taken in or not', () => {
  const done = ended({ kind: 'done', version: 'x', versionDir: '/x' })
  const workerId = 'vision-job-4-10'
  expect(jobLeft({ ...left, end: done })).toMatchObject({ kind: 'trained', workerId })
  const taken = jobLeft({ ...left, isCandidate: true, hasCheckpointOnDisk: true })
  expect(taken).toMatchObject({ kind: 'trained', workerId: null })
})

test('what was saved waits, since it was put aside or was found', () => {
  const end = ended({ kind: 'checkpointed', fraction: 0.6 })
  const saved = { ...left, hasCheckpointOnDisk: true }
  const job = { hasCheckpoint: true, instanceId: null, waitingSinceSeconds: 50 }
  expect(jobLeft({ ...saved, end })).toMatchObject({ job: { ...job, checkpointFraction: 0.6 } })
  const aside = { ...kept, waitingSinceSeconds: 20, checkpointFraction: 0.3, device: null }
  const waiting = { job: { ...job, fraction: 0.3, waitingSinceSeconds: 20 } }
  expect(jobLeft({ ...saved, kept: aside })).toMatchObject(waiting)
})

test('without anything saved it is lost', () => {
  const end = ended({ kind: 'failed', failure: 'hung', message: '' })
  expect(jobLeft({ ...left, end })).toEqual({
    kind: 'lost',
    why: 'it ended (failed) and left no checkpoint',
  })
})
