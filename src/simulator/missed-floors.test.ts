import { describe, expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import type { PolicyFactory } from '../policies/context.ts'
import { createEqual } from '../policies/equal.ts'
import { createMigrator, createMigratorBlindCold } from '../policies/migrator.ts'
import { simulate } from './run.ts'

function siteWith(floor: string, mean: string) {
  const text = literalSite
    .replace('    slo: 100ms\n', `    slo: 100ms\n    sloAttainmentMin: ${floor}\n`)
    .replace('mean: 300/s', `mean: ${mean}`)
    .replace('  duration: 300s', '  duration: 200s')
  return resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
}

function runOf(create: PolicyFactory, floor: string, mean: string) {
  const whole = siteWith(floor, mean)
  const site = { ...whole, planner: { ...whole.planner, workMax: 300 } }
  return simulate({ site, policy: create({ site, solver: null, hindsight: null }), seed: 1 })
}

const creators = [createMigrator, createMigratorBlindCold, createEqual]

describe('floors that no plan keeps', () => {
  test.each(creators)('do not leave GPUs idle: the nearest plan is carried out', (create) => {
    // More than all GPUs can answer together.
    const { plans, tenants } = runOf(create, '0.999', '9000/s')
    expect(plans.length).toBeGreaterThanOrEqual(2)
    for (const { status, plan, floorsMissed } of plans) {
      expect(status).toBe('infeasible')
      expect(plan).not.toBeNull()
      expect(floorsMissed).toEqual(['vision'])
    }
    const { inTime, windowsBelowFloor } = must(tenants[0])
    expect(inTime).toBeGreaterThan(100_000)
    expect(windowsBelowFloor).toBe(2)
    expect(tenants[1]).not.toHaveProperty('windowsBelowFloor')
  })

  test('that are kept are none, and count no window', () => {
    const { plans, tenants } = runOf(createMigrator, '0.5', '300/s')
    expect(plans.every(({ floorsMissed }) => floorsMissed === undefined)).toBe(true)
    expect(must(tenants[0]).windowsBelowFloor).toBe(0)
  })
})
