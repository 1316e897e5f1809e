import { expect, test } from 'vitest'
import { must } from '../base/assert.ts'
import { findGpuModel } from '../core/mig/catalog.ts'
import type { Plan, PlannedInstance, Tenure } from '../core/plan/plan.ts'
import { planLayouts } from './plan-layouts.ts'

const a30 = must(findGpuModel('a30'))

const tenure = (tenant: string, from: number, until: number): Tenure => ({
  tenant,
  role: { kind: 'inference' },
  initialiseFromSeconds: from,
  serveFromSeconds: from,
  until: { kind: 'time', atSeconds: until },
})

const instance = (
  id: string,
  gpu: number,
  [profileId, start]: readonly [number, number],
  ...tenures: readonly Tenure[]
): PlannedInstance => ({
  id,
  gpu,
  share: { kind: 'mig', profileId, start },
  existing: null,
  tenures,
})

const plan = (...instances: readonly PlannedInstance[]): Plan => ({
  policy: 'test',
  mechanism: 'mig',
  startSeconds: 100,
  endSeconds: 200,
  stateHash: '',
  overhead: 'aware',
  instances,
})

test('what a plan holds from its start is the first layout, with who is on it', () => {
  const { first, later } = planLayouts(
    plan(
      instance('b', 1, [5, 2], tenure('x', 100, 200)),
      instance('a', 1, [5, 0], tenure('y', 100, 200)),
    ),
    [a30, a30],
  )
  expect(first).toEqual([
    [],
    [
      { profileId: 5, placement: { start: 0, size: 2 }, holder: 'y inference' },
      { profileId: 5, placement: { start: 2, size: 2 }, holder: 'x inference' },
    ],
  ])
  expect(later).toEqual([])
})

test('what begins or ends inside the plan comes later, destroys before creates', () => {
  const { first, later } = planLayouts(
    plan(
      instance('new', 0, [0, 0], tenure('z', 150, 200)),
      instance('old', 0, [5, 0], tenure('y', 100, 150)),
      instance('gap', 0, [5, 2], tenure('x', 100, 110), tenure('y', 130, 150)),
    ),
    [a30],
  )
  expect(must(first[0]).map(({ placement }) => placement.start)).toEqual([0, 2])
  expect(later.map(({ afterSeconds, kind, name }) => `${afterSeconds} ${kind} ${name}`)).toEqual([
    '50 destroy 2g.12gb',
    '50 destroy 2g.12gb',
    '50 create 4g.24gb',
  ])
})
