import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { drawSeries } from '../../src/arrivals/draw-series.ts'
import { resolveSite } from '../../src/config/resolve-site.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { Site } from '../../src/core/site.ts'
import type { ServiceTable } from '../../src/core/workload/service-table.ts'
import { createHighsSolver } from '../../src/planner/solver/highs.ts'
import { type PolicyName, policies } from '../../src/policies/registry.ts'
import { hindsightOf } from '../../src/simulator/hindsight.ts'
import { simulate } from '../../src/simulator/run.ts'
import { readFrom } from '../data-files.ts'
import { serviceTableOf } from '../random-service.ts'

const folder = resolve(import.meta.dirname, '../../data/scenarios')
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'))
const names = files.map((file) => file.replace('.yaml', ''))
/** A reported seed must not be looked at before the comparison is run. */
const tuningSeed = 100
const solver = await createHighsSolver()

function textOf(name: string): string {
  return readFileSync(join(folder, `${name}.yaml`), 'utf8')
}

function siteOf(name: string): Site {
  const path = join(folder, `${name}.yaml`)
  return resolveSite({ text: textOf(name), sourceName: path, readFile: readFrom(path) })
}

/** Mean rates over what whole GPUs would answer, summed over tenants. */
function loadOf({ tenants, gpus, simulation }: Site): number {
  return tenants.reduce((sum, { id, serving, itemsPerRequest }, i) => {
    const spec = simulation?.tenants[i]?.arrivals
    if (spec === undefined) throw new Error(`${id} has no arrivals`)
    const { ratesRps } = drawSeries(spec, id, tuningSeed)
    const meanRps = ratesRps.reduce((all, rate) => all + rate, 0) / ratesRps.length
    const largest = Math.max(...serving.map((own) => own?.capacityItemsPerSecond ?? 0))
    return sum + (meanRps * itemsPerRequest) / (largest * gpus.length)
  }, 0)
}

/** Its first window, under made-up queues: measuring those of 21 sites takes minutes. */
function firstWindow(name: string, policyName: PolicyName) {
  const site = siteOf(name)
  const { simulation, windowSeconds } = site
  if (simulation === null) throw new Error(`${name} has no simulation`)
  const short = { ...site, simulation: { ...simulation, durationSeconds: windowSeconds } }
  const services = site.tenants.map(({ serving, itemsPerRequest }): ServiceTable => {
    const capacityRps = serving.map((own) => (own?.capacityItemsPerSecond ?? 0) / itemsPerRequest)
    return serviceTableOf(site.classes, site.gpus, capacityRps)
  })
  const isOracle = policyName === 'static-best'
  const hindsight = isOracle ? hindsightOf(short, tuningSeed, services) : null
  const policy: Policy = policies[policyName]({ site: short, solver, hindsight })
  return simulate({ site: short, policy, seed: tuningSeed, services })
}

describe('the scenario suite', () => {
  test('has at least sixteen scenarios, and is the one that was hashed', () => {
    expect(files.length).toBeGreaterThanOrEqual(16)
    const script = resolve(import.meta.dirname, '../../scripts/hash-scenarios.mjs')
    expect(() => execFileSync('node', [script, '--check'], { stdio: 'pipe' })).not.toThrow()
  })

  test('says in every file what it is for, and reports the seeds 1 to 10', () => {
    for (const name of names) {
      const comment = textOf(name).split('\n').slice(2, 4).join(' ')
      expect(comment, name).toMatch(/^# \w.*[a-z]/)
      const { simulation } = siteOf(name)
      expect(simulation?.seeds, name).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      expect(simulation?.seeds.every((seed) => seed < 100)).toBe(true)
    }
  })

  test('loads its GPUs as its page says', () => {
    const usual = [0.5, 1] as const
    const ranges: Readonly<Record<string, readonly [number, number]>> = {
      'cl-light-load': [0.35, 0.45],
      overload: [1.5, 1.7],
      'tiny-models': [0.25, 0.35],
    }
    for (const name of names) {
      const [least, most] = ranges[name] ?? (name.startsWith('cl-') ? [0.6, 1] : usual)
      expect(loadOf(siteOf(name)), name).toBeGreaterThan(least)
      expect(loadOf(siteOf(name)), name).toBeLessThan(most)
    }
  })

  test('has few enough requests that hundreds of runs take minutes', () => {
    for (const name of names) {
      const { simulation, windowSeconds } = siteOf(name)
      expect(simulation?.durationSeconds, name).toBe(4 * windowSeconds)
    }
  })
})

test.each(names)('%s runs under an equal split', (name) => {
  const { tenants } = firstWindow(name, 'equal')
  for (const { arrived, inTime } of tenants) {
    expect(arrived).toBeGreaterThan(1000)
    expect(inTime / arrived).toBeGreaterThan(0.2)
  }
})

test.each(['one-tenant', 'overload'])('%s runs under other policies', (name) => {
  for (const policy of ['static-best', 'migrator'] as const) {
    const { tenants } = firstWindow(name, policy)
    for (const { arrived, inTime } of tenants) expect(inTime / arrived).toBeGreaterThan(0.2)
  }
})
