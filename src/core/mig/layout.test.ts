import { describe, expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel } from './catalog.ts'
import { enumerateLayouts, isMaximal, type Layout } from './layout.ts'
import { baseProfileIds } from './placement.ts'

const model = (id: string) => must(findGpuModel(id))
const kinds = (id: string, attributes: readonly string[]) =>
  model(id)
    .profiles.filter((profile) => attributes.includes(profile.attribute))
    .map((profile) => profile.profileId)
const maximal = (layouts: readonly Layout[], ids: readonly number[]) =>
  layouts.filter((layout) => isMaximal(layout, ids))

describe('the layouts of a GPU are enumerated, not sampled', () => {
  test.each([
    ['a100-40gb', ['base'], 298, 19],
    ['a100-80gb', ['base'], 298, 19],
    ['h100-80gb', ['base'], 298, 19],
    ['h100-94gb', ['base'], 298, 19],
    ['h200-141gb', ['base'], 298, 19],
    ['b200', ['base'], 298, 19],
    ['gb200', ['base'], 298, 19],
    ['a100-80gb', ['base', 'double-memory'], 723, 78],
    ['a100-80gb', ['base', 'double-memory', '+me'], 2319, 239],
    ['a30', ['base'], 26, 5],
    ['a30', ['base', '+me'], 76, 17],
    ['rtx-pro-6000', ['base'], 26, 5],
  ])('%s with %j has %d legal layouts, %d of them maximal', (id, attributes, legal, full) => {
    const ids = kinds(id, attributes)
    const layouts = enumerateLayouts(model(id), ids)
    expect(layouts.length).toBe(legal)
    expect(maximal(layouts, ids).length).toBe(full)
    expect(new Set(layouts.map(describeLayout)).size).toBe(legal)
  })

  test('base profiles are those without an attribute', () => {
    expect(baseProfileIds(model('a100-80gb'))).toEqual([19, 14, 9, 5, 0])
    expect(baseProfileIds(model('a30'))).toEqual([14, 5, 0])
  })
})

function describeLayout(layout: Layout): string {
  return layout.placed.map(({ profile, start }) => `${profile.name}@${start}`).join(' ')
}
