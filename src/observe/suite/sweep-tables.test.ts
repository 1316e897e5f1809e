import { expect, test } from 'vitest'
import { randomRow } from '../../../test/random-row.ts'
import type { SuiteKnobs } from './suite-row.ts'
import { sweepTables } from './sweep-tables.ts'

const swept = (policy: string, goodput: number, knobs: SuiteKnobs, seed = 1) =>
  randomRow({ scenario: 'cl-one', seed, policy, goodput, knobs })

const rows = [0, 1, 6, 30].flatMap((reconfigurationSeconds) => {
  const knobs = { reconfigurationSeconds }
  const lost = reconfigurationSeconds / 1000
  return [swept('migrator', 0.8 - lost, knobs), swept('ekya', 0.7 - 2 * lost, knobs)]
})

test('a sweep tells Goodput and leads cell by cell', () => {
  const table = sweepTables(rows, 'migrator')['sweep-cost']
  expect(table?.split('\n').slice(2)).toEqual([
    '| 0 s | 80.0 | +10.0 |',
    '| 1 s | 79.9 | +10.1 |',
    '| 6 s | 79.4 | +10.6 |',
    '| 30 s | 77.0 | +13.0 |',
    '',
    '1 run of each policy in a row.',
  ])
})

test('only runs with the whole table are counted, so that its lines are of the same runs', () => {
  const more = [...rows, swept('migrator', 0.1, { reconfigurationSeconds: 0 }, 2)]
  expect(sweepTables(more, 'migrator')).toEqual(sweepTables(rows, 'migrator'))
})

test('an axis that was not swept says so', () => {
  expect(sweepTables(rows, 'migrator')['sweep-drift']).toBe('These rows were not run.')
})
