import { expect, test } from 'vitest'
import { must } from '../base/assert.ts'
import { findGpuModel, gpuModels } from '../core/mig/catalog.ts'
import type { GpuModel } from '../core/mig/gpu-model.ts'
import { profilesOf } from '../devices/simulated/gpu.ts'
import { matchGpus, type NodeGpu } from './match-gpus.ts'

const modelOf = (id: string): GpuModel => must(findGpuModel(id))

const board = (id: string, name = modelOf(id).name, index = 0): NodeGpu => ({
  gpu: { uuid: `GPU-${index}`, index, pciBusId: '', pciDeviceId: null, name, memoryMiB: 1 },
  profiles: profilesOf(modelOf(id)),
})

test('every board is itself and no other', () => {
  for (const asked of gpuModels) {
    const fitting = gpuModels.filter(({ id }) => matchGpus([asked], [board(id)]).kind === 'matched')
    expect(fitting.map(({ id }) => id)).toEqual([asked.id])
  }
})

test.each([
  ['a100-80gb', 'NVIDIA A100-SXM4-80GB'],
  ['a100-80gb', 'NVIDIA A100 80GB PCIe'],
  ['h100-80gb', 'NVIDIA H100 80GB HBM3'],
  ['h100-94gb', 'NVIDIA H100 NVL'],
  ['rtx-pro-6000', 'NVIDIA RTX PRO 6000 Blackwell Server Edition'],
])('%s is what a driver calls %s', (id, name) => {
  expect(matchGpus([modelOf(id)], [board(id, name)]).kind).toBe('matched')
})

test('GPUs of a site are taken in turn, others left out', () => {
  const node = [
    board('a30', undefined, 0),
    board('h200-141gb', undefined, 1),
    board('a30', undefined, 2),
  ]
  const asked = [modelOf('h200-141gb'), modelOf('a30'), modelOf('a30')]
  expect(matchGpus(asked, node)).toEqual({ kind: 'matched', gpus: ['GPU-1', 'GPU-0', 'GPU-2'] })
  expect(matchGpus([...asked, modelOf('a30')], node)).toMatchObject({ kind: 'missing', index: 3 })
})

test('memory may differ as it does between drivers, and not as between boards', () => {
  const node = (factor: number): NodeGpu => {
    const own = board('a100-80gb')
    const profiles = own.profiles.map((profile) => ({
      ...profile,
      memoryMiB: Math.round((profile.memoryMiB ?? 0) * factor),
    }))
    return { ...own, profiles }
  }
  expect(matchGpus([modelOf('a100-80gb')], [node(0.95)]).kind).toBe('matched')
  expect(matchGpus([modelOf('a100-80gb')], [node(0.5)]).kind).toBe('missing')
})
