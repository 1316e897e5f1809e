import { describe, expect, test } from 'vitest'
import { readShipped } from '../../../test/data-files.ts'
import { must } from '../../base/assert.ts'
import { findRow } from '../../config/profiles/profile-library.ts'
import { readProfiles } from '../../config/profiles/read-profiles.ts'
import { type ElsaInstance, elsaRoute } from './elsa.ts'
import { idealInstanceCounts, logNormalBatches } from './instance-counts.ts'
import { kneeBatches } from './knees.ts'
import { packInstances } from './pack.ts'
import { type SizeProfile, throughputAt } from './size-profile.ts'

const library = readProfiles(readShipped, [])
const names = [
  [1, '1g.10gb'],
  [2, '2g.20gb'],
  [3, '3g.40gb'],
  [4, '4g.40gb'],
  [7, '7g.80gb'],
] as const

/** ParvaGPU's figures on an A100 80GB, one process. */
function profilesOf(model: string): readonly SizeProfile[] {
  return names.map(([size, profile]) => {
    const row = must(findRow(library, { kind: 'inference', model, gpu: 'a100-80gb', profile }))
    const points = row.points.flatMap(({ items, perSecond }) =>
      perSecond === 'did-not-run' ? [] : [{ items, latencySeconds: items / perSecond }],
    )
    return { size, points }
  })
}

/** Batch sizes log-normal with median 8, cut to 32; 56 slices. */
const checks = [
  ['resnet50', [6, 7, 10, 10, 32], [9.86, 1.32, 2.41, 0, 5.18]],
  ['mobilenetv2', [4, 7, 12, 13, 32], [4.46, 3.63, 3.9, 0.55, 4.34]],
  ['bert-large', [12, 12, 12, 31, 32], [17.23, 0, 0, 9.31, 0.22]],
  ['vgg16', [4, 6, 6, 6, 32], [5.31, 2.65, 0, 0, 6.49]],
] as const

describe('PARIS', () => {
  for (const [model, knees, counts] of checks) {
    test(`has these knees and ideal instance counts for ${model}`, () => {
      const profiles = profilesOf(model)
      expect(kneeBatches(profiles, 32)).toEqual(knees)
      const ideal = idealInstanceCounts(profiles, knees, logNormalBatches(8, 0.9, 32), 56)
      for (const [i, count] of ideal.entries()) expect(count).toBeCloseTo(must(counts[i]), 2)
      const slices = ideal.reduce((sum, count, i) => sum + count * must(names[i])[0], 0)
      expect(slices).toBeCloseTo(56)
    })
  }

  test('interpolates throughput between measured batches, and holds the last one', () => {
    const profile = {
      size: 1,
      points: [
        { items: 2, latencySeconds: 1 },
        { items: 4, latencySeconds: 1 },
      ],
    }
    expect([1, 2, 3, 4, 9].map((items) => throughputAt(profile, items))).toEqual([2, 2, 3, 4, 4])
  })

  test('builds nothing without queries', () => {
    const profiles = profilesOf('resnet50')
    expect(idealInstanceCounts(profiles, [6, 7, 10, 10, 32], [], 7)).toEqual([0, 0, 0, 0, 0])
  })
})

describe('packing', () => {
  const slices = { fits: (sizes: readonly number[]) => sizes.reduce((sum, s) => sum + s, 0) <= 7 }

  test('places the largest first and fills up with the smallest wanted', () => {
    const ideal = [
      { size: 1, count: 0 },
      { size: 2, count: 0.6 },
      { size: 3, count: 1.4 },
      { size: 7, count: 0.9 },
    ]
    expect(packInstances([slices, slices], ideal)).toEqual([[7], [3, 2, 2]])
  })

  test('what is left where nothing wanted fits becomes the smallest size', () => {
    const ideal = [
      { size: 1, count: 0 },
      { size: 3, count: 2 },
    ]
    expect(packInstances([slices], ideal)).toEqual([[3, 3, 1]])
  })
})

describe('ELSA', () => {
  const settings = { sloSeconds: 0.1, alpha: 1, beta: 1 }
  const instance = (size: number, waitSeconds: number): ElsaInstance => ({
    size,
    waitSeconds,
    executionSeconds: (items) => (0.02 * items) / size,
  })

  test('takes the smallest instance that makes the deadline', () => {
    const instances = [instance(7, 0), instance(1, 0), instance(2, 0)]
    expect(elsaRoute(instances, 4, settings)).toBe(1)
    expect(elsaRoute(instances, 6, settings)).toBe(2)
    expect(elsaRoute(instances, 30, settings)).toBe(0)
  })

  test('of equal sizes takes the one with the shortest wait', () => {
    expect(elsaRoute([instance(1, 0.05), instance(1, 0.01)], 1, settings)).toBe(1)
  })

  test('where none makes it takes the one that is done first', () => {
    expect(elsaRoute([instance(1, 0), instance(7, 0.5)], 10, settings)).toBe(0)
    expect(elsaRoute([instance(1, 0), instance(7, 0.1)], 10, settings)).toBe(1)
  })

  test('a safety factor makes it leave small instances earlier', () => {
    const instances = [instance(1, 0), instance(2, 0)]
    expect(elsaRoute(instances, 4, { ...settings, beta: 1.5 })).toBe(1)
  })

  test('routes nowhere without instances', () => {
    expect(elsaRoute([], 1, settings)).toBeNull()
  })
})
