import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import type { Device, GpuInstance } from '../../src/devices/device.ts'
import type * as OpenNvml from '../../src/devices/nvml/open-nvml.ts'
import { built } from '../built.ts'
import { compiler, type FakeNvml, fakeNvml } from '../fakes/nvml/fake-nvml.ts'
import { isNvmlRequired, type NvidiaPackages, nvidiaPackages } from '../nvidia-packages.ts'

/**
 * NVIDIA's own nvidia-smi on the fake library: it judges the fake, so that our binding is not only
 * tested against what we believe NVML to be.
 */
const packages = compiler() === null ? [] : nvidiaPackages()

if (packages.length === 0) {
  test.skipIf(!isNvmlRequired)("no nvidia-smi: NVIDIA's packages or a C compiler missing", () => {
    expect.fail('missing: run scripts/fetch-nvidia-packages.sh, and install gcc')
  })
}

const open = new Set<Device>()
afterEach(async () => {
  for (const device of open) await device.close()
  open.clear()
})

async function openDevice({ library }: FakeNvml): Promise<{ device: Device; gpu: string }> {
  const { openNvml } = await built<typeof OpenNvml>('devices/nvml/open-nvml.js')
  const device = await openNvml({ library })
  open.add(device)
  return { device, gpu: must((await device.gpus())[0]).uuid }
}

function runner({ smi }: NvidiaPackages, { folder }: FakeNvml) {
  return (...words: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync(smi, words, { encoding: 'utf8', env: { LD_LIBRARY_PATH: folder }, timeout: 20_000 })
}

/** `id profile start:size` of every GPU instance that `nvidia-smi mig -lgi` prints. */
function listed(output: string): readonly string[] {
  const row = /^\|\s+\d+\s+MIG \S+\s+(\d+)\s+(\d+)\s+(\d+):(\d+)\s+\|$/gm
  return [...output.matchAll(row)]
    .map(([, profile, id, start, size]) => `${id} ${profile} ${start}:${size}`)
    .sort()
}

function ours(instances: readonly GpuInstance[]): readonly string[] {
  return instances
    .map(({ id, profileId, placement: { start, size } }) => `${id} ${profileId} ${start}:${size}`)
    .sort()
}

describe.each(packages)("NVIDIA's nvidia-smi of $suite", (own) => {
  test('it prints the profiles and placements that we read', async () => {
    const fake = fakeNvml('a100-40gb')
    const smi = runner(own, fake)
    const { device, gpu } = await openDevice(fake)
    const profiles = await device.gpuInstanceProfiles(gpu)
    const table = smi('mig', '-lgip').stdout
    const places = smi('mig', '-lgipp').stdout
    expect(profiles).toHaveLength(7)
    for (const { name, profileId, instanceCount, memoryMiB, ...profile } of profiles) {
      // It cuts GiB off after two digits: 9856 MiB are 9.625, printed 9.62.
      const gib = (Math.floor((must(memoryMiB) / 1024) * 100) / 100).toFixed(2)
      const count = `${instanceCount}/${instanceCount}`
      const words = ['', '0', 'MIG', name, profileId, count, gib, 'No', profile.multiprocessorCount]
      expect(table.replaceAll(/[ |]+/g, ' ')).toContain(` ${words.join(' ').trim()} `)
      const starts = profile.possiblePlacements.map(({ start }) => start).join()
      const size = profile.possiblePlacements[0]?.size
      expect(places).toMatch(
        new RegExp(`ID +${profileId} Placements? ?: \\{${starts}\\}:${size}\n`),
      )
    }
  })

  test('it sees what we create, and we see what it creates', async () => {
    const fake = fakeNvml('a100-40gb')
    const smi = runner(own, fake)
    const { device, gpu } = await openDevice(fake)
    const placement = { start: 4, size: 4 }
    const host = await device.createGpuInstance(gpu, { profileId: 9, placement })
    const whole = { profileId: 2, placement: { start: 0, size: 3 } }
    const { uuid } = await device.createComputeInstance(gpu, host, whole)
    expect(listed(smi('mig', '-lgi').stdout)).toEqual(['2 9 4:4'])
    expect(smi('-L').stdout).toContain(`(UUID: ${uuid})`)

    const created = smi('mig', '-cgi', '14,19', '-C')
    expect(created.status).toBe(0)
    const instances = await device.gpuInstances(gpu)
    expect(instances).toHaveLength(3)
    expect(instances.every((own) => own.computeInstances.length === 1)).toBe(true)
    expect(listed(smi('mig', '-lgi').stdout)).toEqual(ours(instances))
    const devices = smi('-L').stdout
    for (const { computeInstances } of instances) {
      expect(devices).toContain(`(UUID: ${computeInstances[0]?.uuid})`)
    }
  })

  test('each destroys what the other has made', async () => {
    const fake = fakeNvml('a100-40gb')
    const smi = runner(own, fake)
    const { device, gpu } = await openDevice(fake)
    expect(smi('mig', '-cgi', '5:0,9:4', '-C').status).toBe(0)
    const [four, three] = await device.gpuInstances(gpu)
    const inner = must(four?.computeInstances[0])
    await device.destroyComputeInstance(gpu, must(four), inner)
    await device.destroyGpuInstance(gpu, must(four))
    expect(listed(smi('mig', '-lgi').stdout)).toEqual(['2 9 4:4'])
    const id = String(three?.id)
    expect(smi('mig', '-dci', '-gi', id).status).toBe(0)
    expect(smi('mig', '-dgi', '-gi', id).status).toBe(0)
    expect(await device.gpuInstances(gpu)).toEqual([])
  })

  test('the fake refuses it in the words and codes that NVML has for it', async () => {
    const fake = fakeNvml('a100-40gb')
    const smi = runner(own, fake)
    expect(smi('mig', '-cgi', '9:0', '-C').status).toBe(0)
    const refusals = [
      [['-cgi', '5:0'], 23, /Insufficient Resources/],
      [['-cgi', '19:9'], 2, /Invalid Argument/],
      [['-dgi', '-gi', '1'], 19, /In use by another client/],
      [['-cci', '2', '-gi', '1'], 23, /Insufficient Resources/],
    ] as const
    for (const [words, code, text] of refusals) {
      const { status, stdout } = smi('mig', ...words)
      expect(`${words.join(' ')}: ${status}`).toBe(`${words.join(' ')}: ${code}`)
      expect(stdout).toMatch(text)
    }
  })

  test('it finds MIG mode pending while something is there, and disables it when not', async () => {
    const fake = fakeNvml('a100-40gb')
    const smi = runner(own, fake)
    const { device, gpu } = await openDevice(fake)
    expect(smi('mig', '-cgi', '19').status).toBe(0)
    expect(smi('-mig', '0').stdout).toMatch(/pending disable state/)
    const pending = { kind: 'supported', current: 'enabled', pending: 'disabled' }
    expect(await device.migMode(gpu)).toEqual(pending)
    expect(smi('mig', '-dgi').status).toBe(0)
    expect(smi('-mig', '0').stdout).toMatch(/Disabled MIG Mode/)
    expect(await device.migMode(gpu)).toEqual({ ...pending, current: 'disabled' })
  })

  test("NVIDIA's library without a driver gives our error for that", async () => {
    const { openNvml } = await built<typeof OpenNvml>('devices/nvml/open-nvml.js')
    await expect(openNvml({ library: own.library })).rejects.toMatchObject({
      code: 'NVML_ERROR_DRIVER_NOT_LOADED',
      retry: 'never',
      message: expect.stringMatching(/^Cannot open NVML: the NVIDIA driver is not loaded/),
    })
  })
})
