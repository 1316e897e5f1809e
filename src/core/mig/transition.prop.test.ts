import fc from 'fast-check'
import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel, gpuModels } from './catalog.ts'
import { checkLayout, emptyLayout, isSameLayout, type Layout, place } from './layout.ts'
import { allPlacements, isSamePlacement } from './placement.ts'
import { layoutsAlong, passesThroughEmpty, transition } from './transition.ts'

/** Any layout of any of the model's profiles: placements tried in the drawn order. */
function layoutsOf(modelId: string): fc.Arbitrary<Layout> {
  const model = must(findGpuModel(modelId))
  const every = allPlacements(
    model,
    model.profiles.map(({ profileId }) => profileId),
  )
  const some = fc.shuffledSubarray([...every])
  return some.map((placements) =>
    placements.reduce<Layout>((layout, { profile, start }) => {
      const next = place(layout, profile, start)
      return next.kind === 'placed' ? next.layout : layout
    }, emptyLayout(model)),
  )
}

test.each(gpuModels.map(({ id }) => id))(
  'with every profile of %s, transitions are legal at each step, fewest, and land',
  (id) => {
    const layouts = layoutsOf(id)
    fc.assert(
      fc.property(layouts, layouts, (from, to) => {
        const steps = transition(from, to)
        const along = layoutsAlong(from, steps)
        for (const { model, placed } of along) expect(checkLayout(model, placed)).toBeNull()
        expect(isSameLayout(must(along.at(-1)), to)).toBe(true)
        const kept = from.placed.filter((old) => to.placed.some((it) => isSamePlacement(old, it)))
        expect(steps.length).toBe(from.placed.length + to.placed.length - 2 * kept.length)
        if (kept.length > 0) expect(passesThroughEmpty(from, steps)).toBe(false)
      }),
      { numRuns: 150 },
    )
  },
)
