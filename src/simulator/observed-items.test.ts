import { expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { drawTruth } from './truth.ts'

const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })

test('the items of requests before the run are counted, as many as came of each', () => {
  const [vision, language] = drawTruth(site, 1).tenants
  expect(must(vision).historyItems).toBeNull()
  const counted = must(must(language).historyItems)
  expect(counted.map(({ items }) => items)).toEqual([1, 5])
  const total = counted.reduce((sum, { count }) => sum + count, 0)
  expect(total).toBe(1000)
  // Three of four have one item; four standard deviations of a thousand draws are 55.
  expect(Math.abs(must(counted[0]).count - 750)).toBeLessThan(55)
})

test('another seed counts other requests', () => {
  const [one, two] = [1, 2].map((seed) => drawTruth(site, seed).tenants[1]?.historyItems)
  expect(one).not.toEqual(two)
})
