import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { RetrainingJob, TenantState } from '../../control/executor-state.ts'
import { KeptJobs } from './kept-jobs.ts'

const job: RetrainingJob = {
  id: 'vision/job-1',
  configurationId: 'full',
  startedSeconds: 3,
  instanceId: 'gpu0/9@0#1',
  waitingSinceSeconds: null,
  fraction: 0,
  checkpointFraction: 0,
  hasCheckpoint: false,
}

function tenants(own: RetrainingJob | null): readonly TenantState[] {
  return [{ id: 'vision', job: own } as TenantState]
}

test('a retraining is known to the next daemon of the run as it last changed', () => {
  const paths = [join(mkdtempSync(join(tmpdir(), 'migrator-kept-')), 'vision', 'job.json')]
  const open = (isContinued = true) => new KeptJobs({ paths, isContinued })
  expect(open().before).toEqual([null])
  const kept = open()
  const deviceOf = (id: string): string => `MIG of ${id}`
  kept.note(tenants(job), deviceOf)
  const { instanceId, ...rest } = job
  expect(open().before).toEqual([{ ...rest, device: `MIG of ${instanceId}` }])
  const aside = { ...job, instanceId: null, hasCheckpoint: true, waitingSinceSeconds: 9 }
  kept.note(tenants(aside), deviceOf)
  expect(open().before).toMatchObject([{ device: null, waitingSinceSeconds: 9 }])
  expect(open(false).before).toEqual([null])
  kept.note(tenants(null), deviceOf)
  expect(open().before).toEqual([null])
})
