import { describe, expect, test } from 'vitest'
import { assert, must } from '../../base/assert.ts'
import {
  fragmentation,
  freeMemorySlices,
  possibleStarts,
  remainingCapacity,
  usableComputeSlices,
  usedComputeSlices,
} from './capacity.ts'
import { findGpuModel } from './catalog.ts'
import { profileById } from './gpu-model.ts'
import { enumerateExtensions, enumerateLayouts, type Layout, layoutFrom } from './layout.ts'
import { baseProfileIds } from './placement.ts'

const a100 = must(findGpuModel('a100-80gb'))
const rtx = must(findGpuModel('rtx-pro-6000'))
const base = baseProfileIds(a100)
const profile = (id: number) => profileById(a100, id)
const layoutAt = (...pairs: readonly (readonly [number, number])[]): Layout => {
  const result = layoutFrom(
    a100,
    pairs.map(([id, start]) => ({ profile: profile(id), start })),
  )
  assert(result.kind === 'placed', result.kind)
  return result.layout
}

describe('remaining capacity', () => {
  test("of an empty GPU is each profile's instance count", () => {
    for (const model of [a100, rtx]) {
      const empty = must(enumerateLayouts(model, [])[0])
      for (const row of model.profiles) {
        expect(remainingCapacity(empty, row), row.name).toBe(row.instanceCountMax)
      }
    }
  })

  test('equals the most that any layout with the same instances has, on all base layouts', () => {
    for (const layout of enumerateLayouts(a100, base)) {
      for (const row of a100.profiles) {
        const most = enumerateExtensions(layout, [row.profileId]).reduce(
          (count, extended) => Math.max(count, extended.placed.length - layout.placed.length),
          0,
        )
        expect(remainingCapacity(layout, row)).toBe(most)
      }
    }
  })

  test('of +me is gone once one exists, on either width', () => {
    const a30 = must(findGpuModel('a30'))
    const result = layoutFrom(a30, [{ profile: profileById(a30, 6), start: 2 }])
    assert(result.kind === 'placed', result.kind)
    expect(remainingCapacity(result.layout, profileById(a30, 21))).toBe(0)
    expect(remainingCapacity(result.layout, profileById(a30, 14))).toBe(2)
  })
})

test('possible starts leave out what overlaps', () => {
  const layout = layoutAt([19, 2], [14, 4])
  expect(possibleStarts(layout, profile(19))).toEqual([0, 1, 3, 6])
  expect(possibleStarts(layout, profile(14))).toEqual([0])
  expect(possibleStarts(layout, profile(9))).toEqual([])
})

describe('fragmentation', () => {
  test('is zero on an empty GPU and on a covered one', () => {
    expect(fragmentation(layoutAt(), base)).toBe(0)
    expect(fragmentation(layoutAt([9, 0], [9, 4]), base)).toBe(0)
  })

  test('is what holes cost: one 1g in the middle of the left half keeps a 3g out of it', () => {
    expect(fragmentation(layoutAt([19, 1]), base)).toBeCloseTo(1 - 4 / 7)
    expect(fragmentation(layoutAt([19, 1], [19, 5]), base)).toBeCloseTo(1 - 2 / 6)
  })

  test('counts the eighth memory slice that no 1g can take', () => {
    const sevenOnes = layoutAt([19, 0], [19, 1], [19, 2], [19, 3], [19, 4], [19, 5], [19, 6])
    expect(freeMemorySlices(sevenOnes)).toBe(1)
    expect(fragmentation(sevenOnes, base)).toBe(1)
  })
})

test('a 3g at 0 strands one compute slice for good, a 4g does not', () => {
  expect(usableComputeSlices(layoutAt(), base)).toBe(7)
  expect(usedComputeSlices(layoutAt([9, 0]))).toBe(3)
  expect(usableComputeSlices(layoutAt([9, 0]), base)).toBe(3)
  expect(usableComputeSlices(layoutAt([5, 0]), base)).toBe(3)
  expect(usableComputeSlices(layoutAt([9, 4]), base)).toBe(4)
})
