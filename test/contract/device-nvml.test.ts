import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import type { Device } from '../../src/devices/device.ts'
import type * as OpenNvml from '../../src/devices/nvml/open-nvml.ts'
import { built } from '../built.ts'
import { compiler, type FakeNvml, fakeNvml } from '../fakes/nvml/fake-nvml.ts'
import { isNvmlRequired } from '../nvidia-packages.ts'

/** What is about NVML alone: sessions, threads, versions of the library, privileges. */
const hasFake = compiler() !== null || isNvmlRequired
const open = new Set<Device>()

afterEach(async () => {
  for (const device of open) await device.close()
  open.clear()
})

async function openOn(library: string, patienceSeconds = 60): Promise<Device> {
  const { openNvml } = await built<typeof OpenNvml>('devices/nvml/open-nvml.js')
  const device = await openNvml({ library, patienceSeconds })
  open.add(device)
  return device
}

async function openFake(fake: FakeNvml, patienceSeconds = 60) {
  const device = await openOn(fake.library, patienceSeconds)
  const gpus = (await device.gpus()).map(({ uuid }) => uuid)
  return { device, gpus, gpu: must(gpus[0]) }
}

/** What never reaches C, each in the place of each argument of each function. */
const hostileScript = `
  import { loadLibrary } from './dist/devices/nvml/library.js'
  import { createSession } from './dist/devices/nvml/session.js'
  import { signatures } from './dist/devices/nvml/signatures.js'
  const library = loadLibrary(process.argv[1])
  library.call('nvmlInit_v2', [])
  const session = createSession(library)
  const gpu = session.gpus()[0].uuid
  const hostile = [undefined, null, '', 'a\\0b', -1, 1.5, NaN, Infinity, 2 ** 32, 1e300, -1n, 2n ** 70n,
    true, {}, [], [[]], { start: {} }, Symbol('x'), () => 1, Buffer.alloc(1), new Uint8Array(9), new Date(),
    new Proxy({}, { get() { throw new Error('trap') } })]
  let refused = 0
  const attempt = (call) => { try { call() } catch { refused += 1 } }
  for (const [name, { length }] of Object.entries(signatures)) {
    if (length === 0) continue
    for (const bad of hostile) attempt(() => library.call(name, Array(length).fill(bad)))
  }
  for (const method of Object.keys(session)) {
    if (method === 'gpus' || method === 'driver') continue
    for (const bad of hostile) {
      attempt(() => session[method](bad, bad, bad))
      if (session[method].length !== 1) attempt(() => session[method](gpu, bad, bad))
    }
  }
  console.log(refused, session.gpuInstances(gpu).length)
`

const first = { profileId: 19, placement: { start: 0, size: 1 } }

test('a library that is not there gives our error for that', async () => {
  await expect(openOn('/nowhere/libnvidia-ml.so.1')).rejects.toMatchObject({
    code: 'NVML_ERROR_LIBRARY_NOT_FOUND',
    retry: 'never',
    message: expect.stringMatching(/install the driver, or use a simulated GPU/),
  })
})

if (!hasFake) test.skip('no C compiler, so no fake NVML library to test on', () => {})

describe.runIf(hasFake)('sessions', () => {
  test('NVML is initialised once and shut down once, however many GPUs are used', async () => {
    const fake = fakeNvml('a100-40gb,a100-40gb,h100-80gb')
    const { device, gpus } = await openFake(fake)
    await Promise.all(gpus.map((gpu) => device.createGpuInstance(gpu, first)))
    const events = await device.events()
    void events[Symbol.asyncIterator]().next()
    await device.close()
    await device.close()
    expect(fake.control('calls nvmlInit_v2')).toBe(1)
    expect(fake.control('calls nvmlShutdown')).toBe(1)
  })

  test('a driver that does not start gives its own error', async () => {
    const fake = fakeNvml('a100-40gb')
    fake.control('rule nvmlInit_v2 0 1 18 0 0')
    await expect(openOn(fake.library)).rejects.toMatchObject({
      code: 'NVML_ERROR_LIB_RM_VERSION_MISMATCH',
      message: expect.stringMatching(/^Cannot open NVML: .*reboot after an update/),
    })
  })

  test('a GPU that cannot be reached does not hide the others', async () => {
    const fake = fakeNvml('a100-40gb,h100-80gb')
    fake.control('lose 0')
    const device = await openOn(fake.library)
    expect((await device.gpus()).map(({ name }) => name)).toEqual(['NVIDIA H100 80GB HBM3'])
  })
})

describe.runIf(hasFake)('threads', () => {
  test('a slow call holds up neither this thread nor another GPU, and its own GPU in order', async () => {
    const fake = fakeNvml('a100-40gb,a100-40gb')
    const { device, gpus } = await openFake(fake)
    const [slow, other] = [must(gpus[0]), must(gpus[1])]
    await Promise.all(gpus.map((gpu) => device.gpuInstances(gpu)))
    fake.control('rule nvmlDeviceCreateGpuInstanceWithPlacement 0 1 0 0 2000')
    const order: string[] = []
    const note = (name: string) => () => void order.push(name)
    const calls = [
      device.createGpuInstance(slow, first).then(note('slow create')),
      device.gpuInstances(slow).then((found) => order.push(`then ${found.length} there`)),
      device.gpuInstances(other).then(note('other GPU')),
      new Promise((resolve) => setImmediate(resolve)).then(note('this thread')),
    ]
    await Promise.all(calls)
    expect(order).toEqual(['this thread', 'other GPU', 'slow create', 'then 1 there'])
  })

  test('a slow read holds up neither another GPU nor the node as a whole', async () => {
    const fake = fakeNvml('a100-40gb,a100-40gb')
    const { device, gpus } = await openFake(fake)
    const [slow, other] = [must(gpus[0]), must(gpus[1])]
    fake.control('rule nvmlDeviceGetMigMode 0 1 0 0 2000')
    const order: string[] = []
    const note = (name: string) => () => void order.push(name)
    const calls = [
      device.migMode(slow).then(note('slow read')),
      device.gpuInstances(slow).then(note('its own GPU')),
      device.gpuInstances(other).then(note('other GPU')),
      device.gpus().then(note('the node')),
      device.driver().then(note('the node')),
    ]
    await Promise.all(calls)
    expect(order.slice(0, 3).sort()).toEqual(['other GPU', 'the node', 'the node'])
    expect(order.slice(3)).toEqual(['slow read', 'its own GPU'])
    await device.close()
    expect(fake.control('calls nvmlInit_v2')).toBe(1)
    expect(fake.control('calls nvmlShutdown')).toBe(1)
  })

  test('a GPU whose call never came back keeps nobody else from being asked', async () => {
    const fake = fakeNvml('a100-40gb,a100-40gb')
    const { device, gpus } = await openFake(fake, 1)
    const [slow, other] = [must(gpus[0]), must(gpus[1])]
    fake.control('rule nvmlDeviceGetMigMode 0 1 0 0 4000')
    const lost = device.migMode(slow)
    await expect(lost).rejects.toMatchObject({ code: 'NVML_ERROR_TIMEOUT' })
    expect(await device.gpus()).toHaveLength(2)
    expect(await device.gpuInstances(other)).toEqual([])
    await expect(device.gpuInstances(slow)).rejects.toMatchObject({ code: 'NVML_ERROR_TIMEOUT' })
    await device.close()
  })

  test('a call that does not come back is given up, with an outcome that is unknown', async () => {
    const fake = fakeNvml('a100-40gb')
    const { device, gpu } = await openFake(fake, 3)
    await device.gpuInstances(gpu)
    fake.control('rule nvmlDeviceCreateGpuInstanceWithPlacement 0 1 0 0 5000')
    await expect(device.createGpuInstance(gpu, first)).rejects.toMatchObject({
      code: 'NVML_ERROR_TIMEOUT',
      retry: 'with-back-off',
      message: expect.stringMatching(/no answer after 3 s; whether it was done is unknown/),
    })
    await device.close()
    const { device: later } = await openFake(fake)
    expect(await later.gpuInstances(gpu)).toHaveLength(1)
  })
})

describe.runIf(hasFake)('hostile input', () => {
  test('nothing that is handed to the library ends the process', () => {
    const { library } = fakeNvml('a100-40gb')
    const root = resolve(import.meta.dirname, '../..')
    const words = ['--input-type=module', '-e', hostileScript, library]
    const ended = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' })
    expect(ended).toMatchObject({ signal: null, status: 0, stderr: '' })
    const [refused, instances] = ended.stdout.trim().split(' ').map(Number)
    expect(refused).toBeGreaterThan(1000)
    expect(instances).toBe(0)
  })
})

describe.runIf(hasFake)('versions and platforms', () => {
  test('a driver too old to name profiles gives the same names', async () => {
    for (const model of ['a100-40gb', 'a100-80gb', 'h100-80gb', 'a30']) {
      const [now, before] = await Promise.all(
        (['current', 'old'] as const).map(async (variant) => {
          const { device, gpu } = await openFake(fakeNvml(model, { variant }))
          return device.gpuInstanceProfiles(gpu)
        }),
      )
      expect(before).toEqual(now)
    }
  })

  test.each([0, 1])('a MIG device is found whatever device a driver names (%i)', async (isMig) => {
    const fake = fakeNvml('a100-40gb')
    fake.control(`ci-device-is-mig ${isMig}`)
    const { device, gpu } = await openFake(fake)
    const host = await device.createGpuInstance(gpu, first)
    const whole = { profileId: 0, placement: { start: 0, size: 1 } }
    const made = await device.createComputeInstance(gpu, host, whole)
    expect(made.uuid).toMatch(/^MIG-/)
    expect(await device.gpuInstances(gpu)).toEqual([{ ...host, computeInstances: [made] }])
  })

  test('in a virtual machine the MIG mode of an A100 waits for a reset', async () => {
    const fake = fakeNvml('a100-40gb', { migMode: 0 })
    fake.control('passthrough 1')
    const { device, gpu } = await openFake(fake)
    const change = await device.setMigMode(gpu, 'enabled')
    expect(change).toEqual({ kind: 'pending', because: 'reset-required' })
  })

  test('nothing switches the MIG mode that was not asked to', async () => {
    const fake = fakeNvml('a100-40gb', { migMode: 0 })
    const { device, gpu } = await openFake(fake)
    await device.gpuInstanceProfiles(gpu)
    await expect(device.createGpuInstance(gpu, first)).rejects.toThrow(/MIG mode is disabled/)
    expect(fake.control('calls nvmlDeviceSetMigMode')).toBe(0)
  })

  test('without the privilege every change is refused with what to do', async () => {
    const fake = fakeNvml('a100-40gb')
    const { device, gpu } = await openFake(fake)
    const host = await device.createGpuInstance(gpu, first)
    fake.control('deny 1')
    const text = /run as root, or grant read access to .*mig\/config.*\(NVML_ERROR_NO_PERMISSION\)/
    await expect(device.createGpuInstance(gpu, first)).rejects.toThrow(text)
    await expect(device.destroyGpuInstance(gpu, host)).rejects.toThrow(text)
    await expect(device.setMigMode(gpu, 'disabled')).rejects.toThrow(text)
  })
})
