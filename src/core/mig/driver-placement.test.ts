import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel } from './catalog.ts'
import { driverStart } from './driver-placement.ts'
import { profileById } from './gpu-model.ts'
import { emptyLayout, type Layout, place } from './layout.ts'

function createUnplaced(modelId: string, profileIds: readonly number[]): (number | undefined)[] {
  const model = must(findGpuModel(modelId))
  let layout: Layout = emptyLayout(model)
  return profileIds.map((profileId) => {
    const profile = profileById(model, profileId)
    const start = driverStart(layout, profile)
    if (start === undefined) return undefined
    const next = place(layout, profile, start)
    if (next.kind === 'placed') layout = next.layout
    return start
  })
}

test.each([
  [
    [19, 14, 5],
    [6, 4, 0],
  ],
  [
    [19, 19, 14, 9],
    [6, 4, 0, undefined],
  ],
  [
    [9, 19, 14, 19],
    [4, 0, 2, 1],
  ],
  [
    [14, 19, 19, 19, 19, 19],
    [4, 6, 0, 1, 2, 3],
  ],
  [
    [9, 9],
    [4, 0],
  ],
  [
    [14, 14, 14, 20],
    [4, 0, 2, 6],
  ],
])('profiles %j created without a placement lie where the driver put them: %j', (ids, starts) => {
  expect(createUnplaced('a100-40gb', ids)).toEqual(starts)
  expect(createUnplaced('h100-80gb', ids)).toEqual(starts)
})

test('the driver finds a start exactly when there is one', () => {
  expect(createUnplaced('rtx-pro-6000', [0, 14])).toEqual([0, undefined])
  expect(createUnplaced('a30', [14, 14, 14, 14, 14])).toEqual([0, 1, 2, 3, undefined])
})
