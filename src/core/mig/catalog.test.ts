import { describe, expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel, gpuModels } from './catalog.ts'
import { profileById } from './gpu-model.ts'

test('nine GPU models are known by the ids that site files use', () => {
  expect(gpuModels.map(({ id }) => id)).toEqual([
    'a30',
    'a100-40gb',
    'a100-80gb',
    'h100-80gb',
    'h100-94gb',
    'h200-141gb',
    'b200',
    'gb200',
    'rtx-pro-6000',
  ])
  expect(findGpuModel('a100-80gb')?.name).toBe('NVIDIA A100 80GB')
  expect(findGpuModel('v100')).toBeUndefined()
})

describe.each(gpuModels)('$id', (model) => {
  test('says where its table is from', () => {
    expect(model.source.length).toBeGreaterThan(10)
  })

  test('has every profile once, by id and by name', () => {
    const ids = model.profiles.map(({ profileId }) => profileId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(model.profiles.map(({ name }) => name)).size).toBe(ids.length)
  })

  test('keeps placements on the grid, ascending, apart from each other', () => {
    for (const { starts, size, computeSlices, instanceCountMax } of model.profiles) {
      starts.forEach((start, i) => {
        expect(start % size === 0 || i === 0 || start - must(starts[i - 1]) >= size).toBe(true)
        expect(start + size).toBeLessThanOrEqual(model.memorySlices)
      })
      expect(instanceCountMax).toBeLessThanOrEqual(starts.length)
      expect(computeSlices).toBeLessThanOrEqual(model.computeSlices)
    }
  })

  test('has memory and multiprocessors that grow with the width, where they are known', () => {
    for (const a of model.profiles) {
      for (const b of model.profiles) {
        if (a.size < b.size && a.memoryMiB !== undefined && b.memoryMiB !== undefined) {
          expect(a.memoryMiB).toBeLessThan(b.memoryMiB)
        }
        const [few, many] = [a.multiprocessorCount, b.multiprocessorCount]
        if (a.computeSlices < b.computeSlices && few !== undefined && many !== undefined) {
          expect(few).toBeLessThan(many)
        }
      }
    }
  })
})

describe('what no listing shows', () => {
  test('stays unknown instead of guessed', () => {
    const b200 = must(findGpuModel('b200'))
    expect(profileById(b200, 9).memoryMiB).toBeUndefined()
    expect(profileById(b200, 9).multiprocessorCount).toBeUndefined()
  })

  test('is marked inferred', () => {
    const inferred = gpuModels.flatMap((model) =>
      model.profiles.some(({ evidence }) => evidence === 'inferred') ? [model.id] : [],
    )
    expect(inferred).toEqual(['a30', 'h100-94gb', 'b200', 'gb200'])
    const a30 = must(findGpuModel('a30'))
    expect(a30.profiles.filter(({ evidence }) => evidence === 'inferred')).toHaveLength(1)
    expect(profileById(a30, 6).name).toBe('2g.12gb+me')
  })
})

test("seven-slice boards have NVIDIA's ids, whatever the profiles are called", () => {
  for (const model of gpuModels.filter(({ computeSlices }) => computeSlices === 7)) {
    expect(model.profiles.map(({ profileId }) => profileId)).toEqual([19, 20, 15, 14, 9, 5, 0])
  }
})

test('a placement counts memory slices: twelve of them on an RTX PRO 6000', () => {
  const rtx = must(findGpuModel('rtx-pro-6000'))
  expect(rtx.memorySlices).toBe(12)
  expect(profileById(rtx, 14)).toMatchObject({ size: 3, starts: [0, 3, 6, 9], computeSlices: 1 })
  expect(profileById(rtx, 5)).toMatchObject({ size: 6, starts: [0, 6], computeSlices: 2 })
  expect(profileById(rtx, 0)).toMatchObject({ size: 12, starts: [0], computeSlices: 4 })
})

test('a profile id that the model does not have is a bug', () => {
  expect(() => profileById(must(findGpuModel('a30')), 19)).toThrow(
    /a30 has no GPU instance profile/,
  )
})
