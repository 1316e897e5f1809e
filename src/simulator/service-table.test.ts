import { describe, expect, test } from 'vitest'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { findGpuModel } from '../core/mig/catalog.ts'
import { curveFor, inTimeRps, type ServiceTable } from '../core/workload/service-table.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import { RequestEngine } from './request-engine.ts'
import {
  makeServiceTable,
  measureShare,
  type ServiceTableInput,
  wholeItems,
} from './service-table.ts'

/** A model whose batch of n takes (0.4 + 0.6 n) / slices hundredths of a second. */
function capability(slices: number, sloSeconds: number): ServingCapability | null {
  const latency = (n: number) => (0.01 * (0.4 + 0.6 * n)) / slices ** 0.9
  let itemsMax = 0
  while (itemsMax < 32 && 2 * latency(itemsMax + 1) <= sloSeconds) itemsMax += 1
  if (itemsMax === 0) return null
  return {
    itemsMax,
    latencySeconds: [0, ...Array.from({ length: itemsMax }, (_, n) => latency(n + 1))],
    capacityItemsPerSecond: itemsMax / latency(itemsMax),
    provenance: 'own',
  }
}

function inputFor(modelId: string, sloSeconds: number): ServiceTableInput {
  const model = must(findGpuModel(modelId))
  const profiles = model.profiles.filter(({ attribute }) => attribute === 'base')
  return {
    sloSeconds,
    itemsPerRequest: 1,
    serving: profiles.map(({ computeSlices }) => capability(computeSlices, sloSeconds)),
    classes: profiles.map(({ profileId, name }) => ({ gpuModelId: modelId, profileId, name })),
    gpus: [{ model, profileIds: profiles.map(({ profileId }) => profileId) }],
  }
}

const a30 = inputFor('a30', 0.06)
const a30Table = makeServiceTable(a30)
const a100 = inputFor('a100-80gb', 0.06)
const a100Table = makeServiceTable(a100)

describe('the sets of a table', () => {
  test('are every multiset of instances that one GPU can hold', () => {
    const counts = a30Table.sets.map((set) => set.counts.join(' ')).sort()
    expect(counts).toEqual(
      ['0 0 1', '0 1 0', '0 2 0', '1 0 0', '1 1 0', '2 0 0', '2 1 0', '3 0 0', '4 0 0'].sort(),
    )
    expect(a100Table.sets.length).toBeGreaterThan(30)
  })

  test('leave out classes that cannot serve', () => {
    const serving = a30.serving.map((able, k) => (k === 0 ? null : able))
    const { sets } = makeServiceTable({ ...a30, serving })
    expect(sets.map((set) => set.counts.join(' ')).sort()).toEqual(['0 0 1', '0 1 0', '0 2 0'])
  })
})

test('a site with two GPU models has the sets of each, and pools across them', () => {
  const both = makeServiceTable({
    ...a30,
    serving: [...a30.serving, ...a100.serving],
    classes: [...a30.classes, ...a100.classes],
    gpus: [...a30.gpus, ...a100.gpus, ...a30.gpus],
  })
  expect(both.sets.length).toBe(a30Table.sets.length + a100Table.sets.length)
  const [first, last] = [must(both.sets[0]), must(both.sets.at(-1))]
  const counts = first.counts.map((count, k) => count + must(last.counts[k]))
  const pool = must(curveFor(both, counts))
  expect(pool.capacityRps).toBeCloseTo(first.capacityRps + last.capacityRps, 9)
})

describe('the curves', () => {
  test('are the same each time', () => {
    expect(makeServiceTable(a30)).toEqual(a30Table)
  })

  test('fall with the load while the answered rate rises, from everything to capacity', () => {
    for (const { inTimeShare } of a100Table.sets) {
      const rates = inTimeShare.map((share, i) => share * must(a100Table.loads[i]))
      for (let i = 1; i < rates.length; i += 1) {
        expect(must(inTimeShare[i])).toBeLessThanOrEqual(must(inTimeShare[i - 1]) + 1e-12)
        expect(must(rates[i])).toBeGreaterThanOrEqual(must(rates[i - 1]) - 1e-12)
      }
      expect(inTimeShare[0]).toBe(1)
      expect(must(rates.at(-1))).toBeGreaterThan(0.97)
      expect(must(rates.at(-1))).toBeLessThan(1.01)
    }
  })

  test('of a larger set answer no less at any rate', () => {
    const isInside = (part: readonly number[], whole: readonly number[]) =>
      part.every((count, k) => count <= must(whole[k]))
    for (const part of a100Table.sets) {
      for (const whole of a100Table.sets.filter(({ counts }) => isInside(part.counts, counts))) {
        for (const load of [0.5, 0.8, 0.95, 1, 1.1, 1.5, 4]) {
          const rateRps = load * part.capacityRps
          const [less, more] = [part, whole].map(({ counts }) =>
            inTimeRps(a100Table, counts, rateRps, 1),
          )
          expect(must(more)).toBeGreaterThan(must(less) - 0.001 * rateRps)
        }
      }
    }
  })

  test('are within 0.8 points of runs ten times as long, also between the loads', () => {
    for (const set of a100Table.sets.filter((_, i) => i % 7 === 0)) {
      for (const load of [0.65, 0.8, 0.9, 1, 1.04, 1.3]) {
        expectNear(a100Table, a100, { counts: set.counts, load }, 0.008)
      }
    }
  })
})

function expectNear(
  table: ServiceTable,
  input: ServiceTableInput,
  at: { readonly counts: readonly number[]; readonly load: number },
  pointsMax: number,
): void {
  const rateRps = at.load * must(curveFor(table, at.counts)).capacityRps
  const { share } = measureShare(input, at.counts, { rateRps, requests: 150_000, seed: 5 })
  const told = inTimeRps(table, at.counts, rateRps, 1) / rateRps
  expect(Math.abs(told - share), `${at.counts} at ${at.load}`).toBeLessThan(pointsMax)
}

test('pools of two, four and eight GPUs are within a point of what they do', () => {
  const rng = new Rng(7)
  const { sets } = a100Table
  for (const gpus of [2, 4, 8]) {
    const parts = Array.from({ length: gpus }, () => must(sets[rng.integer(sets.length)]).counts)
    const counts = a100.classes.map((_, k) => parts.reduce((sum, part) => sum + must(part[k]), 0))
    for (const load of [0.85, 0.95, 1, 1.05, 1.2]) {
      expectNear(a100Table, a100, { counts, load }, 0.01)
    }
  }
})

describe('over-dispersed arrivals', () => {
  const counts = [0, 1, 0]
  const capacityRps = must(curveFor(a30Table, counts)).capacityRps

  /** Share in time and dispersion of 400 seconds at these rates. */
  function simulate(ratesRps: Float64Array, gapCv: number) {
    const arrivals = { ratesRps, historySeconds: 0, gapCv, items: wholeItems(1), description: '' }
    const durationSeconds = ratesRps.length
    const engine = new RequestEngine({
      tenants: [{ id: 'x', sloSeconds: a30.sloSeconds, queueRequestsMax: 1e5, arrivals }],
      durationSeconds,
      rng: new Rng(11),
    })
    const able = must(a30.serving[1])
    engine.addServer({ tenant: 0, capability: able, trueScale: 1, accuracy: 1 })
    engine.advance(durationSeconds)
    engine.finish()
    const { counts: all, perSecond } = engine.accountsOf(0)
    const mean = all.arrived / durationSeconds
    const squares = perSecond.arrived.reduce((sum, x) => sum + (x - mean) ** 2, 0)
    return { mean, dispersion: squares / durationSeconds / mean, share: all.inTime / all.arrived }
  }

  const lognormalRates = (meanRps: number, dispersion: number) => {
    const rng = new Rng(2)
    const variance = Math.log1p((dispersion - 1) / meanRps)
    return new Float64Array(400).map(
      () => meanRps * Math.exp(Math.sqrt(variance) * rng.normal() - variance / 2),
    )
  }

  test('rates that change from second to second are told within 1.5 points', () => {
    for (const load of [0.6, 0.8, 1]) {
      for (const dispersion of [3, 10]) {
        const run = simulate(lognormalRates(load * capacityRps, dispersion), 1)
        const told = inTimeRps(a30Table, counts, run.mean, run.dispersion) / run.mean
        expect(Math.abs(told - run.share), `${load} ${dispersion}`).toBeLessThan(0.015)
      }
    }
  })

  test('clumps within the second need a table made with them: within 1.5 points then', () => {
    const clumped = makeServiceTable({ ...a30, gapCv: 2 })
    for (const load of [0.6, 0.8, 1]) {
      const run = simulate(new Float64Array(400).fill(load * capacityRps), 2)
      const told = inTimeRps(clumped, counts, run.mean, run.dispersion) / run.mean
      expect(Math.abs(told - run.share), `${load}`).toBeLessThan(0.015)
    }
  })
})

test('requests of several items that do not fill a batch cost capacity', () => {
  const serving = a30.serving.map(
    (able) => able && { ...able, itemsMax: Math.min(3, able.itemsMax) },
  )
  const pairs = makeServiceTable({ ...a30, serving, itemsPerRequest: 2 })
  for (const { inTimeShare } of pairs.sets) {
    expect(must(inTimeShare.at(-1)) * must(pairs.loads.at(-1))).toBeLessThan(0.9)
  }
})

test('a mean number of items is made of the whole numbers round it', () => {
  expect(wholeItems(3)).toEqual([{ items: 3, share: 1 }])
  const [low, high] = wholeItems(2.25)
  expect(low).toEqual({ items: 2, share: 0.75 })
  expect(high).toEqual({ items: 3, share: 0.25 })
})
