import { describe, expect, test } from 'vitest'
import { assert, must } from '../../base/assert.ts'
import { findGpuModel } from './catalog.ts'
import { checkLayout, enumerateLayouts, isMaximal, isSameLayout, type Layout } from './layout.ts'
import { baseProfileIds, overlaps } from './placement.ts'
import { layoutsAlong, passesThroughEmpty, type Step, transition } from './transition.ts'

const a100 = must(findGpuModel('a100-80gb'))
const baseIds = baseProfileIds(a100)
const layouts = enumerateLayouts(a100, baseIds)
const at = (text: string): Layout =>
  must(layouts.find((layout) => namesOf(layout) === text, `no layout ${text}`))
const namesOf = (layout: Layout) =>
  layout.placed.map(({ profile, start }) => `${profile.computeSlices}g@${start}`).join(' ')
const print = (steps: readonly Step[]) =>
  steps.map(({ kind, placed }) => `${kind} ${placed.profile.computeSlices}g@${placed.start}`)

/** The safety properties of every transition; plain asserts, because there are many of them. */
function walk(from: Layout, to: Layout): { readonly isEmptyOnTheWay: boolean } {
  const steps = transition(from, to)
  const along = layoutsAlong(from, steps)
  for (const layout of along) {
    assert(checkLayout(layout.model, layout.placed) === null, 'Every layout on the way is legal')
  }
  assert(isSameLayout(must(along.at(-1)), to), 'It lands exactly')
  const kept = from.placed.filter((old) =>
    to.placed.some((same) => same.start === old.start && same.profile === old.profile),
  )
  const fewest = from.placed.length + to.placed.length - 2 * kept.length
  assert(steps.length === fewest, 'What survives is not touched, and nothing is done twice')
  return { isEmptyOnTheWay: passesThroughEmpty(from, steps) }
}

describe('all 88,804 transitions between layouts of an A100', () => {
  test('are legal at each step and land exactly; 726 non-empty pairs must pass zero', () => {
    let pairs = 0
    let throughZero = 0
    let haveTo = 0
    for (const from of layouts) {
      for (const to of layouts) {
        const { isEmptyOnTheWay } = walk(from, to)
        pairs += 1
        if (from.placed.length === 0 || to.placed.length === 0) continue
        if (isEmptyOnTheWay) throughZero += 1
        if (isSameLayout(from, to)) continue
        const everyPairOverlaps = from.placed.every((old) =>
          to.placed.every((added) => overlaps(old, added)),
        )
        const isDisjoint = !from.placed.some((old) =>
          to.placed.some((same) => same.start === old.start && same.profile === old.profile),
        )
        if (everyPairOverlaps && isDisjoint) haveTo += 1
      }
    }
    expect({ pairs, throughZero, haveTo }).toEqual({ pairs: 88_804, throughZero: 726, haveTo: 726 })
  })

  test('36 of the 342 pairs of different maximal layouts pass through zero', () => {
    const full = layouts.filter((layout) => isMaximal(layout, baseIds))
    const pairs = full.flatMap((from) =>
      full.filter((to) => to !== from).map((to) => walk(from, to)),
    )
    expect(pairs.length).toBe(342)
    expect(pairs.filter(({ isEmptyOnTheWay }) => isEmptyOnTheWay).length).toBe(36)
  })
})

describe('the order of steps', () => {
  test('what fits is created before anything is destroyed', () => {
    expect(print(transition(at('3g@0'), at('3g@4')))).toEqual(['create 3g@4', 'destroy 3g@0'])
  })

  test('only what is in the way is destroyed before a create', () => {
    const from = at('2g@0 2g@2 3g@4')
    const to = at('2g@0 1g@2 1g@3 2g@4 1g@6')
    expect(print(transition(from, to))).toEqual([
      'destroy 2g@2',
      'create 1g@2',
      'create 1g@3',
      'destroy 3g@4',
      'create 2g@4',
      'create 1g@6',
    ])
  })

  test('one wide instance in place of another has to pass through zero', () => {
    const steps = transition(at('7g@0'), at('4g@0 3g@4'))
    expect(print(steps)).toEqual(['destroy 7g@0', 'create 4g@0', 'create 3g@4'])
    expect(passesThroughEmpty(at('7g@0'), steps)).toBe(true)
  })

  test('what has the fewest in its way is created first, so that the others keep serving', () => {
    const steps = transition(at('1g@0 1g@1 3g@4'), at('4g@0 2g@4'))
    expect(print(steps)).toEqual([
      'destroy 3g@4',
      'create 2g@4',
      'destroy 1g@0',
      'destroy 1g@1',
      'create 4g@0',
    ])
  })
})

test.each([
  ['a30', ['base', '+me']],
  ['rtx-pro-6000', ['base', '+me']],
])('media profiles move too: all transitions of %s with %j are legal', (id, attributes) => {
  const model = must(findGpuModel(id))
  const ids = model.profiles
    .filter(({ attribute }) => attributes.includes(attribute))
    .map(({ profileId }) => profileId)
  const all = enumerateLayouts(model, ids)
  for (const from of all) for (const to of all) walk(from, to)
  expect(all.length).toBeGreaterThan(26)
})
