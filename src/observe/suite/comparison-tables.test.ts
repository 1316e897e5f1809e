import { expect, test } from 'vitest'
import { randomRow } from '../../../test/random-row.ts'
import { comparisonTables } from './comparison-tables.ts'
import { filledPage } from './filled-page.ts'
import { summariseSuite } from './summarise-suite.ts'

const goodputs = { migrator: 0.8, ekya: 0.7, 'static-best': 0.82 }
const rows = Object.entries(goodputs).flatMap(([policy, goodput]) =>
  [1, 2, 3].map((seed) => randomRow({ scenario: 'cl-one', seed, policy, goodput })),
)
const tables = comparisonTables(
  summariseSuite(rows, {
    reference: 'migrator',
    policies: Object.keys(goodputs),
    isContinuousLearning: () => true,
    ablations: {},
    blindPlanner: 'migrator-blind-cold',
    inputs: { code: 'c', scenarios: 's' },
  }),
)

test('tables hold every policy, lead and loss', () => {
  expect(tables['gains']).toContain('| `ekya` | +14.3 % (+14.3 … +14.3) | +10.0 |')
  expect(tables['scenarios']).toContain('| `cl-one` | 80.0 | 92.0 | +10.0 | −2.0 |')
  expect(tables['losses']).toContain('| `cl-one` | `static-best` | −2.0 |')
  expect(tables['parts']).toContain('| `static-best` (oracle) | 82.0 |')
  expect(tables['overhead']).toBe('These rows were not run.')
})

test('a page is filled at its places, whatever stood there, and the rest is left', () => {
  const page = 'a\n<!-- table one -->\nold\n<!-- end -->\nb\n<!-- table two --><!-- end -->\n'
  const filled = filledPage(page, { one: '| 1 |', two: '| 2 |' })
  const one = '<!-- table one -->\n\n| 1 |\n\n<!-- end -->'
  const two = '<!-- table two -->\n\n| 2 |\n\n<!-- end -->'
  expect(filled).toBe(`a\n${one}\nb\n${two}\n`)
  expect(filledPage(filled, { one: '| 1 |', two: '| 2 |' })).toBe(filled)
  expect(() => filledPage(page, {})).toThrow(/no table one/)
})
