import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type * as OpenNode from '../../src/runtime/node/open-node.ts'
import { built } from '../built.ts'
import { compiler, fakeNvml } from '../fakes/nvml/fake-nvml.ts'
import { isNvmlRequired } from '../nvidia-packages.ts'

const hasFake = compiler() !== null || isNvmlRequired
if (!hasFake) test.skip('no C compiler, so no fake NVML library to open a node on', () => {})

const folder = () => mkdtempSync(join(tmpdir(), 'migrator-node-nvml-'))

describe.runIf(hasFake)('a node through NVML', () => {
  test('belongs to one program at a time, wherever that keeps its journal', async () => {
    const { openNode } = await built<typeof OpenNode>('runtime/node/open-node.js')
    const { library } = fakeNvml('rtx-pro-6000')
    const spec = { kind: 'nvml', library } as const
    const first = await openNode(spec, folder(), { ignoresOwners: true })
    const second = openNode(spec, folder(), { ignoresOwners: true })
    await expect(second).rejects.toMatchObject({
      name: 'ForeignOwnerError',
      message: expect.stringMatching(/another migrator on GPU-.* \(pid \d+\): stop it/),
    })
    await first.close()
    await (await openNode(spec, folder(), { ignoresOwners: true })).close()
  })

  test('is examined with one NVML session, and nothing is changed', async () => {
    const { examine } = await built<typeof OpenNode>('runtime/node/open-node.js')
    const { library, control } = fakeNvml('h100-80gb', { migMode: 0 })
    const checks = await examine({ kind: 'nvml', library }, folder())
    const mode = checks.find(({ subject }) => subject === 'GPU 0 MIG mode')
    expect(mode).toMatchObject({ status: 'problem', found: 'disabled' })
    expect(control('calls nvmlInit_v2')).toBe(1)
    expect(control('calls nvmlDeviceSetMigMode')).toBe(0)
  })
})
