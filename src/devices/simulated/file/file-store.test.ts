import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { must } from '../../../base/assert.ts'
import { findGpuModel } from '../../../core/mig/catalog.ts'
import { createSimulatedDevice } from '../device.ts'
import { fileStore } from './file-store.ts'

const model = must(findGpuModel('a100-40gb'))
const fresh = () => join(mkdtempSync(join(tmpdir(), 'migrator-simulated-')), 'node.json')
const openAt = (path: string) =>
  createSimulatedDevice({ store: fileStore(path, [model]), sleep: async () => undefined })

async function only(path: string) {
  const device = openAt(path)
  return { device, gpu: must((await device.gpus())[0]).uuid }
}

const first = { profileId: 9, placement: { start: 0, size: 4 } }

test('what one device makes, another on the same file sees', async () => {
  const path = fresh()
  const { device, gpu } = await only(path)
  const made = await device.createGpuInstance(gpu, first)
  expect(await openAt(path).gpuInstances(gpu)).toEqual([made])
})

test('looking at a node that is not there yet leaves no file behind', async () => {
  const path = fresh()
  const { device, gpu } = await only(path)
  await device.gpuInstances(gpu)
  expect(() => readFileSync(path)).toThrow('ENOENT')
})

test('devices that change one file at the same time lose nothing', async () => {
  const path = fresh()
  const { gpu } = await only(path)
  const starts = [0, 1, 2, 3, 4, 5, 6]
  const made = starts.map((start) =>
    openAt(path).createGpuInstance(gpu, { profileId: 19, placement: { start, size: 1 } }),
  )
  await Promise.all(made)
  const found = await openAt(path).gpuInstances(gpu)
  expect(found.map(({ placement }) => placement.start)).toEqual(starts)
})

test('a change by another process is told as an event', async () => {
  const path = fresh()
  const { device, gpu } = await only(path)
  await device.createGpuInstance(gpu, { profileId: 19, placement: { start: 6, size: 1 } })
  const events = await device.events()
  await openAt(path).createGpuInstance(gpu, first)
  for await (const event of events) {
    expect(event).toEqual({ kind: 'mig-config-change', gpu })
    break
  }
})

test.each([
  ['broken JSON', '{', /does not hold a simulated node/],
  ['another format', '{"format":"x"}', /does not hold a simulated node/],
])('a file with %s is refused and left alone', async (_, text, message) => {
  const path = fresh()
  writeFileSync(path, text)
  await expect(openAt(path).gpus()).rejects.toThrow(message)
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('a file of other GPUs is refused', async () => {
  const path = fresh()
  const { device, gpu } = await only(path)
  await device.createGpuInstance(gpu, first)
  const other = fileStore(path, [must(findGpuModel('h100-80gb'))])
  await expect(other.read()).rejects.toThrow(/it holds a100-40gb, not h100-80gb/)
})

test('a process that is killed while it writes leaves the state before it', async () => {
  const path = fresh()
  const { device, gpu } = await only(path)
  const made = await device.createGpuInstance(gpu, first)
  const half = 'fs.writeFileSync(process.argv[1] + ".new", "{"); process.kill(process.pid, 9)'
  const killed = promisify(execFile)(process.execPath, ['-e', half, path])
  await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' })
  expect(await openAt(path).gpuInstances(gpu)).toEqual([made])
})
