import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel } from './catalog.ts'
import { contains, enumerateProfileCounts, profileCountsKey } from './profile-counts.ts'

const rows = [
  ['a100-80gb', ['base'], 38, 14, 12],
  ['a100-80gb', ['base', 'double-memory'], 78, 38, 28],
  ['a100-80gb', ['base', 'double-memory', '+me'], 128, 64, 44],
  ['a30', ['base'], 10, 4, 4],
  ['a30', ['base', '+me'], 20, 8, 8],
  ['rtx-pro-6000', ['base'], 10, 4, 4],
] as const

test.each(rows)(
  '%s with %j has %d legal multisets, %d maximal ones, %d in no other',
  (id, attributes, legal, maximal, inclusionMaximal) => {
    const model = must(findGpuModel(id))
    const ids = model.profiles
      .filter(({ attribute }) => attributes.some((wanted) => wanted === attribute))
      .map(({ profileId }) => profileId)
    const counts = enumerateProfileCounts(model, ids)
    expect(counts.length).toBe(legal)
    expect(counts.filter((entry) => entry.isMaximalSomewhere).length).toBe(maximal)
    expect(counts.filter((entry) => entry.isInclusionMaximal).length).toBe(inclusionMaximal)
  },
)

test('counts are compared as multisets, whatever their order', () => {
  const a = new Map([
    [19, 2],
    [9, 1],
  ])
  const b = new Map([
    [9, 1],
    [19, 2],
    [5, 0],
  ])
  expect(profileCountsKey(a)).toBe('9:1 19:2')
  expect(profileCountsKey(b)).toBe(profileCountsKey(a))
  expect(contains(a, new Map([[19, 1]]))).toBe(true)
  expect(contains(a, new Map([[19, 3]]))).toBe(false)
  expect(contains(a, new Map([[5, 1]]))).toBe(false)
})
