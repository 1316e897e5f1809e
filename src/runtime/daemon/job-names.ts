import { must } from '../../base/assert.ts'

/** Of `<tenant>-job-<number>-<time>`, as retraining workers are called. */
export function jobIdOf(workerId: string, tenant: string): string {
  return `${tenant}/job-${workerId.slice(tenant.length + '-job-'.length).split('-')[0]}`
}

/** The worker that carries a job on from then. */
export function trainerOf(tenant: string, jobId: string, nowSeconds: number): string {
  return `${tenant}-job-${jobNumberOf(jobId)}-${Math.round(nowSeconds * 1000)}`
}

export function jobNumberOf(jobId: string): number {
  return Number(must(jobId.split('-').at(-1)))
}

/** What a retraining makes is called after it. */
export function versionOf(jobId: string): string {
  return `v${jobNumberOf(jobId)}`
}
