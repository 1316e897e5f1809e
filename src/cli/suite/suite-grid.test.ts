import { describe, expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { baseGrid, fullGrid, type GridEntry, isContinuousLearning } from './suite-grid.ts'
import { dealer, groupsOf } from './suite-groups.ts'

const scenarios = ['cl-day', 'flat-load', 'paris-home']
const options = { scenarios, seeds: [1, 2, 3, 4], policies: null, brought: ['mine'] }
const keyOf = ({ kind, scenario, seed, policy, knobs }: GridEntry) =>
  JSON.stringify([kind, scenario, seed, policy, Object.entries(knobs).sort()])

describe('the base grid', () => {
  const grid = baseGrid(options)

  test('runs every policy on every scenario and seed, and those of users', () => {
    for (const policy of ['migrator', 'ekya', 'astraea', 'paris', 'static-best', 'mine']) {
      const plain = grid.filter(
        (own) => own.kind === 'run' && own.policy === policy && Object.keys(own.knobs).length === 0,
      )
      expect(plain, policy).toHaveLength(12)
    }
  })

  test('has ablations and overhead where there is continuous learning, peaks on flat load', () => {
    const extra = grid.filter(({ kind, knobs }) => kind !== 'run' || Object.keys(knobs).length > 0)
    const where = (kind: GridEntry['kind']) => [
      ...new Set(extra.filter((own) => own.kind === kind).map(({ scenario }) => scenario)),
    ]
    expect(where('run').every(isContinuousLearning)).toBe(true)
    expect(where('overhead')).toEqual(['cl-day'])
    expect(where('peak-load')).toEqual(['flat-load', 'paris-home'])
  })

  test('asks for nothing twice, and states one budget', () => {
    expect(new Set(grid.map(keyOf)).size).toBe(grid.length)
    expect(new Set(grid.map(({ budget }) => budget.plannerWork)).size).toBe(1)
  })

  test('has no extra rows for policies that were asked for', () => {
    const own = baseGrid({ ...options, policies: ['paris'] })
    expect(own.map(({ policy }) => policy).filter((name) => name === 'paris')).toHaveLength(12)
    expect(own).toHaveLength(24)
  })
})

describe('the full grid', () => {
  const grid = fullGrid({ ...options, brought: [] })

  test('holds the plain rows of the base grid, first of a seed, to compare with', () => {
    const plain = grid.filter(({ stage }) => stage % 3 === 0).map(keyOf)
    const base = baseGrid({ ...options, brought: [] }).filter(
      ({ kind, knobs }) => kind === 'run' && Object.keys(knobs).length === 0,
    )
    for (const own of base) expect(plain).toContain(keyOf(own))
  })

  test('asks for nothing twice, and not how wrong a forecast is of who has none', () => {
    expect(new Set(grid.map(keyOf)).size).toBe(grid.length)
    const pointless = grid.filter(
      ({ knobs }) => knobs.forecastError !== undefined && knobs.arrivals === 'truth',
    )
    expect(pointless).toEqual([])
    const oracle = grid.filter(({ policy }) => policy === 'static-best')
    expect(oracle.every(({ knobs }) => knobs.arrivals === undefined)).toBe(true)
  })

  test('crosses every axis', () => {
    const crossed = grid.find(
      ({ knobs }) =>
        knobs.reconfigurationSeconds === 30 &&
        knobs.forecastError === 0.6 &&
        knobs.driftScale === 2 &&
        knobs.arrivals === 'forecast',
    )
    expect(crossed).toBeDefined()
  })
})

test('threads stay with a scenario while it has seeds left, and none is idle at the end', () => {
  const grid = baseGrid({ ...options, policies: ['paris'], brought: [] })
  const groups = groupsOf(grid.map((own) => ({ ...own, inputHash: keyOf(own) })))
  const next = dealer(groups)
  const dealt = [next(0), next(1), next(0), next(1)].map((group) => must(group).scenario)
  expect(dealt).toEqual(['cl-day', 'flat-load', 'cl-day', 'flat-load'])
  const rest: (string | undefined)[] = []
  for (let group = next(0); group !== null; group = next(0)) rest.push(group.scenario)
  expect(rest.slice(0, 2)).toEqual(['cl-day', 'cl-day'])
  expect(rest).toHaveLength(8)
  expect(next(1)).toBeNull()
})
