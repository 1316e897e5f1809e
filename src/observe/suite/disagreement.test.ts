import { expect, test } from 'vitest'
import { randomRow } from '../../../test/random-row.ts'
import { disagreements } from './disagreement.ts'

const seeds = [1, 2, 3, 4, 5]
const rows = (goodput: number, arrivals?: 'truth') =>
  seeds.map((seed) =>
    randomRow({
      ...{ scenario: 'cl-one', seed, policy: 'migrator', goodput: goodput + seed / 100 },
      ...(arrivals === undefined ? {} : { knobs: { arrivals } }),
    }),
  )

test('rows within the interval agree', () => {
  expect(disagreements(rows(0.7), rows(0.7))).toEqual([])
  expect(disagreements(rows(0.7), rows(0.715))).toEqual([])
})

test('rows beyond the interval do not, and are told', () => {
  const [found, ...others] = disagreements(rows(0.7), rows(0.73))
  expect(others).toEqual([])
  expect(found).toMatchObject({ scenario: 'cl-one', policy: 'migrator' })
  expect(found?.base).toBeCloseTo(0.73)
  expect(found?.full).toBeCloseTo(0.76)
  expect(found?.allowed).toBeGreaterThan(0.015)
})

test('only the same seeds, policies and knobs are compared', () => {
  expect(disagreements(rows(0.7), rows(0.9, 'truth'))).toEqual([])
  const few = rows(0.7).slice(0, 2)
  expect(disagreements(rows(0.7), few)).toEqual([])
  expect(disagreements(rows(0.7), rows(0.9).slice(0, 2))).toHaveLength(1)
})
