import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { LiveNode } from './live-node.ts'

let node: LiveNode | null = null
afterEach(async () => {
  await node?.cleanUp()
  node = null
})

/** A node that serves, has labels of a whole window, and retrains. */
async function training(): Promise<LiveNode> {
  const own = new LiveNode()
  node = own
  await own.open()
  await own.until(async () => (await own.infer()) !== null, 'the tenant is served')
  own.retrains = true
  await own.teach(60, (classes) => classes)
  await own.until(() => own.facts('retraining-progress') > 0, 'it retrains')
  return own
}

function job({ running }: LiveNode) {
  return running.daemon.state.tenants[0]?.job ?? null
}

test('a trainer that is done while no daemon looks has its version judged by the next one', {
  timeout: 120_000,
}, async () => {
  const own = await training()
  const trainer = own.running.workers.list().find(({ spec }) => spec.kind === 'retraining')
  await own.leave()
  const pid = Number(trainer?.process?.pid)
  await own.until(() => !isAlive(pid), 'the trainer ends')
  await own.open()
  expect(own.log).toContain('its trainer is done, and its version is to be judged')
  await own.until(() => own.facts('version-measured') > 0, 'its version is judged')
  expect(own.log).toMatch(/vision: v1 right in \d+\/\d+/)
  expect(job(own)).toBeNull()
})

test('a retraining that waits as a checkpoint goes on under the next daemon', {
  timeout: 120_000,
}, async () => {
  const own = await training()
  own.retrains = false
  own.running.daemon.askForPlan()
  await own.until(() => own.facts('checkpointed') > 0, 'it is put aside')
  const before = job(own)
  expect(before).toMatchObject({ instanceId: null, hasCheckpoint: true })
  await own.leave()
  await own.open()
  expect(job(own)).toEqual(before)
  own.retrains = true
  own.events = []
  await own.until(() => own.facts('retraining-done') > 0, 'it is done')
  expect(own.trainings).toMatchObject([{ jobId: before?.id, resumes: true }])
})

test('a trainer that dies while no daemon looks goes on from what it had saved', {
  timeout: 120_000,
}, async () => {
  const own = await training()
  const trainer = own.running.workers.list().find(({ spec }) => spec.kind === 'retraining')
  const checkpoint = join(own.folder, 'state/tenants/vision/jobs/1/checkpoint')
  await own.until(() => readdirSync(checkpoint).includes('checkpoint.json'), 'it saved an epoch')
  await own.leave()
  own.events = []
  process.kill(Number(trainer?.process?.pid), 'SIGKILL')
  await own.open()
  expect(own.log).toContain('vision/job-1: waits as a checkpoint')
  await own.until(() => own.facts('retraining-done') > 0, 'it is done')
  expect(own.trainings).toMatchObject([{ jobId: 'vision/job-1', resumes: true }])
})

test('a version that measures worse live gives its place back to the one before', {
  timeout: 120_000,
}, async () => {
  const own = new LiveNode()
  node = own
  await own.open()
  await own.until(async () => (await own.infer()) !== null, 'the tenant is served')
  const seen: number[] = []
  await own.teach(20, (classes) => {
    seen.push(...classes)
    return classes
  })
  // As if the world had but one class left: what learns from that is better, until it is over.
  const only = [...seen].sort((a, b) => count(seen, b) - count(seen, a))[0] ?? 0
  own.retrains = true
  await own.teach(200, (classes) => classes.map(() => only))
  await own.until(() => own.log.includes('v1 is better, and is deployed'), 'it is deployed')
  own.retrains = false
  await own.until(async () => (await own.infer())?.version === 'v1', 'it serves')
  await own.teach(60, (classes) => classes.map((one) => (one + 1) % 4))
  await own.until(() => own.facts('version-withdrawn') > 0, 'it is withdrawn')
  expect(own.log).toContain('vision: v1 measures worse live; initial serves again')
  await own.until(async () => (await own.infer())?.version === 'initial', 'the one before serves')
  await own.leave()
  await own.open()
  await own.until(async () => (await own.infer())?.version === 'initial', 'it does so for good')
})

function count(all: readonly number[], one: number): number {
  return all.filter((own) => own === one).length
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
