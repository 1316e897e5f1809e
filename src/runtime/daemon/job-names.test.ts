import { expect, test } from 'vitest'
import { jobIdOf, jobNumberOf, trainerOf, versionOf } from './job-names.ts'

test('a job, its trainers and its version are called after its number', () => {
  const jobId = 'my-own-tenant/job-12'
  const trainer = trainerOf('my-own-tenant', jobId, 3.4567)
  expect(trainer).toBe('my-own-tenant-job-12-3457')
  expect(jobIdOf(trainer, 'my-own-tenant')).toBe(jobId)
  expect([jobNumberOf(jobId), versionOf(jobId)]).toEqual([12, 'v12'])
})
