import { describe, expect, test } from 'vitest'
import { assert, must } from '../../base/assert.ts'
import { findGpuModel } from './catalog.ts'
import { profileById } from './gpu-model.ts'
import {
  checkLayout,
  enumerateLayouts,
  isMaximal,
  isSameLayout,
  type Layout,
  layoutFrom,
  place,
  remove,
} from './layout.ts'
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

describe('placing', () => {
  const a100 = model('a100-80gb')
  const on = (id: number) => profileById(a100, id)
  const legal = (...pairs: readonly (readonly [number, number])[]): Layout => {
    const result = layoutFrom(
      a100,
      pairs.map(([id, start]) => ({ profile: on(id), start })),
    )
    assert(result.kind === 'placed', result.kind)
    return result.layout
  }

  test('answers with the layout, ordered by start whatever the order of creation', () => {
    expect(describeLayout(legal([9, 4], [19, 0], [14, 2]))).toBe('1g.10gb@0 2g.20gb@2 3g.40gb@4')
  })

  test('refuses an overlap and names the other instance', () => {
    const result = place(legal([9, 0]), on(5), 0)
    expect(result).toMatchObject({
      kind: 'overlap',
      with: { start: 0, profile: { name: '3g.40gb' } },
    })
  })

  test('refuses a start that the profile does not have and says which it has', () => {
    expect(place(legal(), on(14), 1)).toMatchObject({
      kind: 'not-possible',
      allowedStarts: [0, 2, 4],
    })
  })

  test('allows one +me a GPU', () => {
    expect(place(legal([20, 0]), on(20), 1)).toMatchObject({ kind: 'too-many-instances', count: 2 })
    const a30 = model('a30')
    const mixed = [
      { profile: profileById(a30, 21), start: 0 },
      { profile: profileById(a30, 6), start: 2 },
    ]
    expect(checkLayout(a30, mixed)).toMatchObject({
      kind: 'media-engines-taken',
      by: { profile: { name: '1g.6gb+me' } },
    })
  })

  test('allows only -me beside +me.all, whichever was first', () => {
    const rtx = model('rtx-pro-6000')
    const at = (id: number, start: number) => ({ profile: profileById(rtx, id), start })
    expect(checkLayout(rtx, [at(65, 0), at(67, 3), at(66, 6)])).toBeNull()
    expect(checkLayout(rtx, [at(67, 3), at(65, 0)])).toBeNull()
    for (const other of [14, 21, 47]) {
      expect(checkLayout(rtx, [at(65, 0), at(other, 3)])?.kind).toBe('media-engines-taken')
      expect(checkLayout(rtx, [at(other, 3), at(65, 0)])?.kind).toBe('media-engines-taken')
    }
    expect(checkLayout(rtx, [at(65, 0), at(64, 6)])?.kind).toBe('media-engines-taken')
  })

  test('refuses more compute slices than the GPU has, even where memory slices are left', () => {
    const wide = { ...on(9), profileId: 99, computeSlices: 5, name: '5g' }
    const odd = { ...a100, profiles: [...a100.profiles, wide] }
    const both = [
      { profile: wide, start: 0 },
      { profile: on(9), start: 4 },
    ]
    expect(checkLayout(odd, both)).toEqual({
      kind: 'too-many-compute-slices',
      used: 8,
      available: 7,
    })
  })

  test("treats another GPU model's profile as a bug", () => {
    const foreign = profileById(model('a30'), 14)
    expect(() => place(legal(), foreign, 0)).toThrow(
      /1g.6gb is no GPU instance profile of a100-80gb/,
    )
  })

  test('and removing are inverse, on every layout', () => {
    for (const layout of enumerateLayouts(a100, baseProfileIds(a100))) {
      for (const { profile, start } of layout.placed) {
        const removed = remove(layout, profile, start)
        assert(removed.kind === 'removed', 'what is there can be removed')
        const back = place(removed.layout, profile, start)
        assert(back.kind === 'placed', 'what was there fits again')
        expect(isSameLayout(back.layout, layout)).toBe(true)
      }
    }
  })

  test('removing what is not there is an answer', () => {
    expect(remove(legal([9, 0]), on(9), 4)).toEqual({ kind: 'not-there' })
    expect(remove(legal([9, 0]), on(5), 0)).toEqual({ kind: 'not-there' })
  })
})

test('the full layouts of an A100 are 7g and six left halves beside three right halves', () => {
  const a100 = model('a100-80gb')
  const ids = baseProfileIds(a100)
  const full = maximal(enumerateLayouts(a100, ids), ids).map((layout) =>
    layout.placed.map(({ profile, start }) => `${profile.computeSlices}@${start}`).join(' '),
  )
  const left = ['4@0', '3@0', '2@0 2@2', '2@0 1@2 1@3', '1@0 1@1 2@2', '1@0 1@1 1@2 1@3']
  const right = ['3@4', '2@4 1@6', '1@4 1@5 1@6']
  const expected = left.flatMap((a) => right.map((b) => `${a} ${b}`))
  expect(new Set(full)).toEqual(new Set(['7@0', ...expected]))
})
