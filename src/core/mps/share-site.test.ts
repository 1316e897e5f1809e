import { describe, expect, test } from 'vitest'
import { dataText, readShipped } from '../../../test/data-files.ts'
import { must } from '../../base/assert.ts'
import { resolveSite } from '../../config/resolve-site.ts'
import { checkLayout } from '../mig/layout.ts'
import { interferenceSlope } from './interference.ts'
import { rateOnShare } from './share-rate.ts'
import { siteUnder } from './share-site.ts'

const text = dataText('sites/default.yaml')
const site = resolveSite({ text, sourceName: 'default.yaml', readFile: readShipped })
const mps = siteUnder('mps', site)
const turns = siteUnder('time-slicing', site)

describe('a rate on a share', () => {
  const knots = [
    { multiprocessors: 14, rate: 100 },
    { multiprocessors: 28, rate: 90 },
    { multiprocessors: 98, rate: 700 },
  ]

  test('is what was measured, a line between, and in proportion below', () => {
    expect(rateOnShare(knots, 14)).toBe(100)
    expect(rateOnShare(knots, 21)).toBe(95)
    expect(rateOnShare(knots, 7)).toBe(50)
  })

  test('above the largest instance rises by 4 % at most, and not where it did not before', () => {
    expect(rateOnShare(knots, 108)).toBeCloseTo(728)
    expect(rateOnShare(knots.slice(0, 2), 56)).toBe(90)
  })
})

describe('the default site by MPS', () => {
  test('is the same one each time, and by MIG the site itself', () => {
    expect(siteUnder('mps', site)).toBe(mps)
    expect(siteUnder('mig', site)).toBe(site)
  })

  test('has shares in steps of 5 % for classes, which all serve', () => {
    expect(mps.classes.map(({ name }) => name)).toHaveLength(20)
    expect(mps.classes[5]?.name).toBe('30 %')
    for (const { serving } of mps.tenants) {
      expect(serving.every((own) => own?.provenance === 'derived')).toBe(true)
    }
  })

  test('answers on a share what an instance of that size does, less the neighbours', () => {
    const [vision] = mps.tenants
    const [onMig] = site.tenants
    // 25 % are 27 of 108 multiprocessors, a little less than 2g has.
    const share = must(vision?.serving[4]).capacityItemsPerSecond
    const small = must(onMig?.serving[0]).capacityItemsPerSecond
    const large = must(onMig?.serving[1]).capacityItemsPerSecond
    const alike = small + ((27 - 14) / 14) * (large - small)
    expect(share).toBeGreaterThan(0.97 * (alike / (1 + 0.75 * interferenceSlope)))
    expect(share).toBeLessThan(1.02 * (alike / (1 + 0.75 * interferenceSlope)))
  })

  test('answers 2 to 6 % more on the whole GPU than on its largest instance', () => {
    for (const [w, { serving }] of mps.tenants.entries()) {
      const whole = must(serving.at(-1)).capacityItemsPerSecond
      const largest = must(site.tenants[w]?.serving.at(-1)).capacityItemsPerSecond
      expect(whole / largest).toBeGreaterThan(1.02)
      expect(whole / largest).toBeLessThan(1.06)
    }
  })

  test('retrains where MIG is not known to: memory is not divided', () => {
    const full = must(mps.tenants[1]?.retraining[0])
    expect(site.tenants[1]?.retraining[0]?.secondsByClass[0]).toBeNull()
    expect(full.secondsByClass.every((seconds) => seconds !== null)).toBe(true)
  })

  test('makes and drops shares in no time: a change costs a worker start', () => {
    const { createSeconds, destroySeconds, cutOverSeconds } = mps.costs
    expect([createSeconds, destroySeconds]).toEqual([0, 0])
    expect(cutOverSeconds).toBe(site.costs.cutOverSeconds)
    expect(mps.tenants[0]?.inferenceStartSeconds).toBe(site.tenants[0]?.inferenceStartSeconds)
  })

  test('gives out 100 % in any order, and not more', () => {
    const { model } = must(mps.gpus[0])
    const share = (percent: number, start: number) => ({
      profile: must(model.profiles.find(({ profileId }) => profileId === percent)),
      start,
    })
    const some = [share(35, 7), share(25, 0), share(40, 3)]
    expect(checkLayout(model, some)).toBeNull()
    expect(checkLayout(model, [...some, share(5, 1)])?.kind).toBe('too-many-compute-slices')
  })
})

describe('the default site by time slicing', () => {
  test('has every n-th turn for classes, up to eight', () => {
    expect(turns.classes.map(({ name }) => name)).toEqual(
      [12, 14, 16, 20, 25, 33, 50, 100].map((percent) => `${percent} %`),
    )
  })

  test('takes n times as long in every n-th turn, for batches and retraining', () => {
    for (const { figures, retraining } of turns.tenants) {
      const half = must(figures[6]).map(({ latencySeconds }) => latencySeconds)
      const whole = must(figures[7]).map(({ latencySeconds }) => latencySeconds)
      for (const [i, seconds] of half.entries()) expect(seconds).toBeCloseTo(2 * must(whole[i]))
      const [full] = retraining
      expect(must(full?.secondsByClass[6])).toBeCloseTo(2 * must(full?.secondsByClass[7]))
    }
  })
})
