import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { remainingCapacity } from '../../src/core/mig/capacity.ts'
import { findGpuModel } from '../../src/core/mig/catalog.ts'
import { emptyLayout, enumerateLayouts, isMaximal, place } from '../../src/core/mig/layout.ts'
import { allPlacements, baseProfileIds } from '../../src/core/mig/placement.ts'
import {
  type Device,
  type DeviceEvent,
  type GpuCall,
  type GpuInstance,
  geometryOf,
  wholeProfile,
} from '../../src/devices/device.ts'
import type { ErrorCode } from '../../src/devices/return-codes.ts'

/** How a test sets the scene behind the device's back. */
export type Scene = {
  readonly attach: (client: {
    readonly pid: number
    readonly gpuInstanceId: number | null
    readonly computeInstanceId: number | null
    readonly isMonitor: boolean
  }) => Promise<void>
  /** The client goes, and so many destroys are still refused. */
  readonly leave: (pid: number, lingering: number) => Promise<void>
  readonly lose: () => Promise<void>
  readonly xid: (xid: number, gpuInstanceId: number) => Promise<void>
  readonly fail: (
    call: GpuCall,
    code: ErrorCode,
    options: { readonly times: number; readonly outcome: 'refused' | 'done' },
  ) => Promise<void>
}

export type Subject = { readonly device: Device; readonly scene: Scene }

/** Opens a node with one unused GPU of that model. */
export type OpenSubject = (model: string, migMode: 'enabled' | 'disabled') => Promise<Subject>

const models = ['a100-40gb', 'a100-80gb', 'h100-80gb', 'a30', 'rtx-pro-6000']

/** What every Device keeps to, whatever is behind it: mostly what it refuses. */
export function deviceContract(name: string, openSubject: OpenSubject): void {
  const open = new Set<Device>()
  const start = async (model = 'a100-40gb', migMode: 'enabled' | 'disabled' = 'enabled') => {
    const { device, scene } = await openSubject(model, migMode)
    open.add(device)
    const gpu = must((await device.gpus())[0]).uuid
    return { device, scene, gpu, at: placer(device, gpu) }
  }
  afterEach(async () => {
    for (const device of open) await device.close()
    open.clear()
  })

  describe(`${name}: what is there`, () => {
    test('a GPU has a uuid, a bus id, a name and memory', async () => {
      const { device } = await start('a100-80gb')
      const gpus = await device.gpus()
      expect(gpus).toHaveLength(1)
      expect(gpus[0]?.uuid).toMatch(/^GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      expect(gpus[0]?.pciBusId).toMatch(/^[0-9A-F]{8}:[0-9A-F]{2}:[0-9A-F]{2}\.0$/)
      expect(gpus[0]?.memoryMiB).toBeGreaterThan(80_000)
      expect((await device.driver()).version).not.toBe('')
    })

    test.each(models)('the profiles of %s are those of the catalogue', async (id) => {
      const { device, gpu } = await start(id)
      const byId = (a: { profileId: number }, b: { profileId: number }) => a.profileId - b.profileId
      const told = (await device.gpuInstanceProfiles(gpu)).map(geometryOf).sort(byId)
      const typed = [...must(findGpuModel(id)).profiles].sort(byId)
      const plain = typed.map((profile) => ({ ...profile, evidence: 'documented' }))
      expect(told).toEqual(plain)
    })

    test('a GPU that nobody knows is refused, and so is a MIG device in its place', async () => {
      const { device, gpu, at } = await start()
      const made = await at(9, 0)
      const inner = await createWhole(device, gpu, made)
      for (const other of [`${gpu.slice(0, -1)}_`, inner.uuid, '0']) {
        await refused(device.gpuInstances(other), 'NVML_ERROR_NOT_FOUND', /no such GPU/)
      }
    })
  })

  describe(`${name}: GPU instances`, () => {
    test('one is created where it was asked to be, and is told with its place', async () => {
      const { device, gpu, at } = await start()
      const second = await at(9, 4)
      const first = await at(14, 2)
      expect(first).toMatchObject({ profileId: 14, placement: { start: 2, size: 2 } })
      expect(await device.gpuInstances(gpu)).toEqual([first, second])
    })

    test('ids go by place and are used again', async () => {
      const { device, gpu, at } = await start()
      const ids = [await at(9, 4), await at(14, 2), await at(19, 0)].map(({ id }) => id)
      expect(ids).toEqual([2, 4, 7])
      const [lowest] = await device.gpuInstances(gpu)
      await device.destroyGpuInstance(gpu, must(lowest))
      expect((await at(19, 0)).id).toBe(7)
    })

    test('on maximal layouts everything that does not fit is refused, everything else is made', async () => {
      const { device, gpu, at } = await start()
      const model = must(findGpuModel('a100-40gb'))
      const ids = baseProfileIds(model)
      const every = allPlacements(
        model,
        model.profiles.map(({ profileId }) => profileId),
      )
      const maximal = enumerateLayouts(model, ids).filter((layout) => isMaximal(layout, ids))
      expect(maximal).toHaveLength(19)
      for (const layout of maximal) {
        for (const { profile, start: from } of layout.placed) await at(profile.profileId, from)
        const there = await device.gpuInstances(gpu)
        expect(there.map((own) => own.placement.start)).toEqual(layout.placed.map((p) => p.start))
        for (const { profile, start: from } of every) {
          if (place(layout, profile, from).kind === 'placed') continue
          await refused(at(profile.profileId, from), 'NVML_ERROR_INSUFFICIENT_RESOURCES')
        }
        for (const instance of there) await device.destroyGpuInstance(gpu, instance)
      }
    })

    test('the remaining capacity is told for every profile on the way', async () => {
      const { device, gpu, at } = await start()
      const model = must(findGpuModel('a100-40gb'))
      let layout = emptyLayout(model)
      for (const [profileId, from] of [
        [19, 1],
        [14, 2],
        [20, 6],
        [9, 4],
      ] as const) {
        const profile = must(model.profiles.find((own) => own.profileId === profileId))
        const next = place(layout, profile, from)
        if (next.kind === 'placed') {
          await at(profileId, from)
          layout = next.layout
        }
        for (const own of model.profiles) {
          const told = await device.remainingCapacity(gpu, own.profileId)
          expect(told, own.name).toBe(remainingCapacity(layout, own))
        }
      }
    })

    test('a refusal says what is in the way', async () => {
      const { at } = await start()
      await at(9, 0)
      const code = 'NVML_ERROR_INSUFFICIENT_RESOURCES'
      await refused(at(9, 0), code, /GPU instance 1 \(3g\.20gb at 0\) is there already/)
      await refused(at(5, 0), code, /GPU instance 1 \(3g\.20gb at 0\) is in the way/)
      await at(20, 4)
      await refused(at(20, 5), code, /it can have 1 of 1g\.5gb\+me, and has them/)
    })

    test('a second profile with media extensions is refused on an A30', async () => {
      const { at } = await start('a30')
      await at(21, 0)
      const code = 'NVML_ERROR_INSUFFICIENT_RESOURCES'
      await refused(at(6, 2), code, /has the media engines/)
      await at(5, 2)
    })

    test('beside all media engines only a profile without any fits', async () => {
      const { at } = await start('rtx-pro-6000')
      await at(65, 0)
      await refused(at(14, 3), 'NVML_ERROR_INSUFFICIENT_RESOURCES', /has the media engines/)
      await at(67, 3)
    })

    test('an illegal place is refused as such, on any grid', async () => {
      const { at } = await start('rtx-pro-6000')
      const code = 'NVML_ERROR_INVALID_ARGUMENT'
      await refused(at(5, 3), code, /2g\.48gb can lie at 0:6, 6:6 only/)
      await refused(at(14, 0, 1), code, /can lie at 0:3, 3:3, 6:3, 9:3 only/)
    })

    test("a profile that the GPU does not have is refused, and so is a profile's number", async () => {
      const { at } = await start()
      const code = 'NVML_ERROR_INVALID_ARGUMENT'
      await refused(at(2, 0, 4), code, /no GPU instance profile 2, only 19 \(1g\.5gb\)/)
      await refused(at(99, 0, 1), code, /no GPU instance profile 99/)
    })

    test('the first needs the whole GPU idle, the next does not', async () => {
      const { scene, at } = await start()
      const process = { gpuInstanceId: null, computeInstanceId: null, isMonitor: false }
      await scene.attach({ pid: 4711, ...process })
      const error = await refused(at(19, 0), 'NVML_ERROR_IN_USE', /needs the whole GPU idle/)
      expect(error).toMatchObject({ retry: 'after-drain', pids: [4711] })
      await scene.leave(4711, 0)
      await at(19, 0)
      await scene.attach({ pid: 4711, ...process })
      await at(19, 1)
    })

    test('one that was meant but is another by now is left alone', async () => {
      const { device, gpu, at } = await start()
      const before = await at(9, 0)
      await device.destroyGpuInstance(gpu, before)
      const after = await at(5, 0)
      expect(after.id).toBe(before.id)
      const text = /that id is another one by now, 4g\.20gb at 0/
      await refused(device.destroyGpuInstance(gpu, before), 'NVML_ERROR_NOT_FOUND', text)
      await device.destroyGpuInstance(gpu, after)
      await refused(device.destroyGpuInstance(gpu, after), 'NVML_ERROR_NOT_FOUND', /not there/)
    })
  })

  describe(`${name}: compute instances`, () => {
    test('one takes its whole GPU instance and has the uuid of a MIG device', async () => {
      const { device, gpu, at } = await start()
      const host = await at(9, 4)
      const made = await createWhole(device, gpu, host)
      expect(made).toMatchObject({ id: 0, placement: { start: 0, size: 3 } })
      expect(made.uuid).toMatch(/^MIG-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      expect(await device.gpuInstances(gpu)).toEqual([{ ...host, computeInstances: [made] }])
      const error = createWhole(device, gpu, host)
      await refused(error, 'NVML_ERROR_INSUFFICIENT_RESOURCES')
    })

    test.each([
      ['1g', 19, [[0, 1, 1]]],
      [
        '2g',
        14,
        [
          [0, 1, 2],
          [1, 2, 1],
        ],
      ],
      [
        '3g',
        9,
        [
          [0, 1, 3],
          [1, 2, 1],
          [2, 3, 1],
        ],
      ],
      [
        '4g',
        5,
        [
          [0, 1, 4],
          [1, 2, 2],
          [3, 4, 1],
        ],
      ],
      [
        '7g',
        0,
        [
          [0, 1, 7],
          [1, 2, 3],
          [2, 3, 2],
          [3, 4, 1],
          [4, 7, 1],
        ],
      ],
    ] as const)('a %s has its compute instance profiles', async (_, profileId, expected) => {
      const { device, gpu, at } = await start()
      const host = await at(profileId, 0)
      const told = await device.computeInstanceProfiles(gpu, host)
      const rows = told.map((own) => [own.profileId, own.sliceCount, own.instanceCount])
      expect(rows).toEqual(expected)
      for (const { possiblePlacements, instanceCount, sliceCount } of told) {
        expect(possiblePlacements).toHaveLength(instanceCount)
        expect(possiblePlacements.every(({ size }) => size === sliceCount)).toBe(true)
      }
    })

    test('several share a GPU instance as far as their compute slices go', async () => {
      const { device, gpu, at } = await start()
      const host = await at(5, 0)
      const create = (profileId: number, from: number, size: number) =>
        device.createComputeInstance(gpu, host, { profileId, placement: { start: from, size } })
      await create(1, 2, 2)
      await create(0, 0, 1)
      await refused(create(1, 0, 2), 'NVML_ERROR_INSUFFICIENT_RESOURCES')
      await refused(create(1, 1, 2), 'NVML_ERROR_INVALID_ARGUMENT')
      await refused(create(2, 0, 3), 'NVML_ERROR_INVALID_ARGUMENT')
      await create(0, 1, 1)
      const [found] = await device.gpuInstances(gpu)
      expect(found?.computeInstances.map(({ id }) => id)).toEqual([0, 1, 2])
      const uuids = found?.computeInstances.map(({ uuid }) => uuid)
      expect(new Set(uuids).size).toBe(3)
    })

    test('one that was meant but is another by now is left alone', async () => {
      const { device, gpu, at } = await start()
      const host = await at(9, 4)
      const made = await createWhole(device, gpu, host)
      const other = { id: made.id, uuid: `${made.uuid.slice(0, -1)}_` }
      await refused(device.destroyComputeInstance(gpu, host, other), 'NVML_ERROR_NOT_FOUND')
      const gone = { ...host, placement: { start: 0, size: 4 } }
      await refused(device.destroyComputeInstance(gpu, gone, made), 'NVML_ERROR_NOT_FOUND')
      await device.destroyComputeInstance(gpu, host, made)
    })
  })

  describe(`${name}: in use`, () => {
    test('a GPU instance with a compute instance is not destroyed', async () => {
      const { device, gpu, at } = await start()
      const host = await at(9, 4)
      const made = await createWhole(device, gpu, host)
      const text = /Cannot destroy GPU instance 2 on GPU-.*: it still has compute instances/
      await refused(device.destroyGpuInstance(gpu, host), 'NVML_ERROR_IN_USE', text)
      await device.destroyComputeInstance(gpu, host, made)
      await device.destroyGpuInstance(gpu, host)
      expect(await device.gpuInstances(gpu)).toEqual([])
    })

    test('who holds a compute instance is named by pid', async () => {
      const { device, scene, gpu, at } = await start()
      const host = await at(9, 4)
      const made = await createWhole(device, gpu, host)
      const place = { gpuInstanceId: host.id, computeInstanceId: made.id, isMonitor: false }
      await scene.attach({ pid: 31, ...place })
      await scene.attach({ pid: 32, ...place })
      const call = device.destroyComputeInstance(gpu, host, made)
      const error = await refused(call, 'NVML_ERROR_IN_USE', /held by pid 31, 32/)
      expect(error).toMatchObject({ retry: 'after-drain', pids: [31, 32] })
      const processes = await device.processes(gpu)
      expect(processes.map(({ pid }) => pid).sort()).toEqual([31, 32])
      expect(processes[0]).toMatchObject({ gpuInstanceId: host.id, computeInstanceId: made.id })
    })

    test('a monitor holds an instance though it is no process on it', async () => {
      const { device, scene, gpu, at } = await start()
      const host = await at(9, 4)
      await scene.attach({
        pid: 77,
        gpuInstanceId: host.id,
        computeInstanceId: null,
        isMonitor: true,
      })
      const text = /a client still uses it \(a monitor such as DCGM/
      const call = device.destroyGpuInstance(gpu, host)
      const error = await refused(call, 'NVML_ERROR_IN_USE', text)
      expect(error).toMatchObject({ pids: [] })
      expect(await device.processes(gpu)).toEqual([])
    })

    test('an instance can stay in use for some calls after its process has gone', async () => {
      const { device, scene, gpu, at } = await start()
      const host = await at(9, 4)
      await scene.leave(1, 2)
      for (let i = 0; i < 2; i += 1) {
        await refused(device.destroyGpuInstance(gpu, host), 'NVML_ERROR_IN_USE')
      }
      await device.destroyGpuInstance(gpu, host)
    })
  })

  describe(`${name}: MIG mode`, () => {
    test('without it nothing can be created, and there is nothing', async () => {
      const { device, gpu, at } = await start('a100-40gb', 'disabled')
      const mode = await device.migMode(gpu)
      expect(mode).toEqual({ kind: 'supported', current: 'disabled', pending: 'disabled' })
      expect(await device.gpuInstances(gpu)).toEqual([])
      await refused(at(19, 0), 'NVML_ERROR_NOT_SUPPORTED', /its MIG mode is disabled/)
      const profiles = await device.gpuInstanceProfiles(gpu)
      expect(profiles.map((own) => own.name)).toContain('3g.20gb')
    })

    test('it takes effect on an idle GPU, and is pending while something is there', async () => {
      const { device, gpu, at } = await start('a100-40gb', 'disabled')
      expect(await device.setMigMode(gpu, 'enabled')).toEqual({ kind: 'active' })
      await at(19, 0)
      const change = await device.setMigMode(gpu, 'disabled')
      expect(change).toEqual({ kind: 'pending', because: 'in-use' })
      const mode = await device.migMode(gpu)
      expect(mode).toEqual({ kind: 'supported', current: 'enabled', pending: 'disabled' })
    })
  })

  describe(`${name}: failures`, () => {
    test.each([
      ['NVML_ERROR_UNKNOWN', 'with-back-off'],
      ['NVML_ERROR_NO_PERMISSION', 'never'],
      ['NVML_ERROR_INSUFFICIENT_RESOURCES', 'after-replan'],
    ] as const)('%s is passed on, and is gone with its cause', async (code, retry) => {
      const { device, scene, gpu, at } = await start()
      await scene.fail('createGpuInstance', code, { times: 2, outcome: 'refused' })
      for (let i = 0; i < 2; i += 1) {
        expect(await refused(at(9, 0), code)).toMatchObject({ retry })
      }
      expect(await device.gpuInstances(gpu)).toEqual([])
      await at(9, 0)
    })

    test('a call can be carried out although it reports an error', async () => {
      const { device, scene, gpu, at } = await start()
      const fault = { times: 1, outcome: 'done' } as const
      await scene.fail('createGpuInstance', 'NVML_ERROR_TIMEOUT', fault)
      await refused(at(9, 0), 'NVML_ERROR_TIMEOUT')
      expect(await device.gpuInstances(gpu)).toHaveLength(1)
    })

    test('a compute instance can be refused in a GPU instance that was just made', async () => {
      const { device, scene, gpu, at } = await start()
      const code = 'NVML_ERROR_INSUFFICIENT_RESOURCES'
      await scene.fail('createComputeInstance', code, { times: 1, outcome: 'refused' })
      const host = await at(9, 0)
      await refused(createWhole(device, gpu, host), code)
      expect(await device.gpuInstances(gpu)).toEqual([host])
      await device.destroyGpuInstance(gpu, host)
    })

    test('nothing can be done on a GPU that is lost', async () => {
      const { device, scene, gpu, at } = await start()
      const host = await at(9, 4)
      const made = await createWhole(device, gpu, host)
      await scene.lose()
      const code = 'NVML_ERROR_GPU_IS_LOST'
      expect(await refused(at(9, 0), code, /fallen off the bus/)).toMatchObject({ retry: 'never' })
      await refused(device.gpuInstances(gpu), code)
      await refused(device.processes(gpu), code)
      await refused(device.migMode(gpu), code)
      await refused(device.remainingCapacity(gpu, 19), code)
      await refused(device.destroyComputeInstance(gpu, host, made), code)
      await refused(device.destroyGpuInstance(gpu, host), code)
    })

    test('after close every call is refused', async () => {
      const { device, gpu } = await start()
      await device.close()
      await refused(device.gpuInstances(gpu), 'NVML_ERROR_UNINITIALIZED')
    })
  })

  describe(`${name}: events`, () => {
    test('a change of instances and an XID are told with their GPU', async () => {
      const { device, scene, gpu, at } = await start()
      const seen = collect(await device.events())
      await at(9, 4)
      await scene.xid(79, 2)
      expect(await seen.next('mig-config-change')).toEqual({ kind: 'mig-config-change', gpu })
      const xid = { kind: 'xid', gpu, xid: 79, gpuInstanceId: 2, computeInstanceId: null }
      expect(await seen.next('xid')).toEqual(xid)
    })

    test('a GPU that is lost is told', async () => {
      const { device, scene } = await start()
      const seen = collect(await device.events())
      await scene.lose()
      expect((await seen.next('gpu-lost'))?.kind).toBe('gpu-lost')
    })

    test('they end when they are no longer wanted, and with the device', async () => {
      const { device } = await start()
      const unwanted = new AbortController()
      const first = collect(await device.events(unwanted.signal))
      const second = collect(await device.events())
      unwanted.abort()
      expect(await first.next('xid')).toBeNull()
      await device.close()
      expect(await second.next('xid')).toBeNull()
    })
  })

  describe(`${name}: hostile input`, () => {
    let subject: Awaited<ReturnType<typeof start>>
    let host: GpuInstance
    beforeEach(async () => {
      subject = await start()
      host = await subject.at(9, 4)
    })

    test('every call refuses what is not of the right shape, and goes on working', async () => {
      const { device, gpu } = subject
      const whole = { profileId: 9, placement: { start: 0, size: 4 } }
      const loose = device as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>
      const calls: readonly (readonly [GpuCall, ...unknown[]])[] = [
        ['migMode', gpu],
        ['setMigMode', gpu, 'enabled'],
        ['gpuInstanceProfiles', gpu],
        ['remainingCapacity', gpu, 9],
        ['gpuInstances', gpu],
        ['createGpuInstance', gpu, whole],
        ['destroyGpuInstance', gpu, host],
        ['computeInstanceProfiles', gpu, host],
        ['createComputeInstance', gpu, host, { profileId: 2, placement: { start: 0, size: 3 } }],
        ['destroyComputeInstance', gpu, host, { id: 0, uuid: 'MIG-x' }],
        ['processes', gpu],
      ]
      for (const [call, ...values] of calls) {
        for (const variant of spoiled(values)) {
          const attempt = must(loose[call])(...variant)
          await expect(attempt, `${call} ${print(variant)}`).rejects.toMatchObject({
            name: 'DeviceError',
            code: expect.stringMatching(/^NVML_ERROR_(INVALID_ARGUMENT|NOT_FOUND)$/),
          })
        }
      }
      expect(await device.gpuInstances(gpu)).toEqual([host])
    })
  })
}

/** Creates a GPU instance; the size is the profile's own unless it is given. */
function placer(device: Device, gpu: string) {
  return async (profileId: number, start: number, size?: number): Promise<GpuInstance> => {
    const profiles = size === undefined ? await device.gpuInstanceProfiles(gpu) : []
    const own = profiles.find((profile) => profile.profileId === profileId)
    const width = size ?? own?.possiblePlacements[0]?.size ?? 1
    return device.createGpuInstance(gpu, { profileId, placement: { start, size: width } })
  }
}

async function createWhole(device: Device, gpu: string, host: GpuInstance) {
  const [profiles, own] = [await device.computeInstanceProfiles(gpu, host), host.profileId]
  const info = (await device.gpuInstanceProfiles(gpu)).find(({ profileId }) => profileId === own)
  const { profileId, possiblePlacements } = must(wholeProfile(profiles, must(info).sliceCount))
  const placement = must(possiblePlacements[0])
  return device.createComputeInstance(gpu, host, { profileId, placement })
}

async function refused(
  call: Promise<unknown>,
  code: ErrorCode,
  text: RegExp = /^Cannot /,
): Promise<unknown> {
  const error = await call.then(
    (value) => expect.fail(`not refused, but ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ name: 'DeviceError', code })
  expect((error as Error).message).toMatch(text)
  expect((error as Error).message).toContain(`(${code})`)
  return error
}

/** Reads events up to the next of a kind; null once there are no more. */
function collect(events: AsyncIterable<DeviceEvent>) {
  const iterator = events[Symbol.asyncIterator]()
  return {
    next: async (kind: DeviceEvent['kind']): Promise<DeviceEvent | null> => {
      for (;;) {
        const { value, done } = await iterator.next()
        if (done === true) return null
        if (value.kind === kind) return value
      }
    },
  }
}

const hostile: readonly unknown[] = [
  undefined,
  null,
  '',
  'x'.repeat(500),
  'a\0b',
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 32 - 1,
  2 ** 40,
  1e300,
  7n,
  true,
  Symbol('hostile'),
  () => 9,
  [],
  {},
  new Date(0),
  Buffer.alloc(8),
]

/** The arguments, each time with one of them, or one field inside one, gone bad. */
function* spoiled(values: readonly unknown[]): Generator<readonly unknown[]> {
  for (const [index, value] of values.entries()) {
    for (const bad of hostile) yield values.with(index, bad)
    for (const inner of spoiledFields(value)) yield values.with(index, inner)
  }
}

function* spoiledFields(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, own] of Object.entries(value)) {
    if (key === 'computeInstances') continue
    for (const bad of hostile) yield { ...value, [key]: bad }
    for (const inner of spoiledFields(own)) yield { ...value, [key]: inner }
  }
}

function print(values: readonly unknown[]): string {
  return values
    .map((value) => (typeof value === 'object' ? Object.keys(value ?? {}).join() : String(value)))
    .join(' | ')
}
