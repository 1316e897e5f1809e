import { describe, expect, test } from 'vitest'
import { a100Gb80 } from '../core/mig/catalog/a100-80gb.ts'
import { slowdownOnShare } from '../core/mps/interference.ts'
import { shareModel } from '../core/mps/share-model.ts'
import { Contention } from './contention.ts'

const mps = shareModel(a100Gb80, 'mps')
const turns = shareModel(a100Gb80, 'time-slicing')

/** The factors of shares on GPU 0, one after the other. */
function factors(contention: Contention, ...percents: readonly number[]): readonly number[] {
  for (const [i, profileId] of percents.entries()) contention.enter(`${i}`, { gpu: 0, profileId })
  return percents.map((_, i) => contention.factorOf(`${i}`))
}

describe('shares by MPS', () => {
  test('take as long as their figures say beside neighbours on all the rest', () => {
    for (const factor of factors(new Contention([mps]), 30, 25, 45)) expect(factor).toBeCloseTo(1)
  })

  test('are quicker alone, by all that neighbours would have cost', () => {
    const [alone] = factors(new Contention([mps]), 25)
    expect(alone).toBeCloseTo(1 / slowdownOnShare(0.25), 12)
    const [half] = factors(new Contention([mps]), 25, 25)
    expect(half).toBeCloseTo(slowdownOnShare(0.75) / slowdownOnShare(0.25), 12)
  })

  test('are slower by the excess while percentages add up to more than there is', () => {
    const [large, small] = factors(new Contention([mps]), 100, 25)
    expect(large).toBeCloseTo(1.25 * slowdownOnShare(0.8), 12)
    expect(small).toBeCloseTo((1.25 * slowdownOnShare(0.2)) / slowdownOnShare(0.25), 12)
  })

  test('interfere as much as they truly do, whatever the figures were made with', () => {
    const [none] = factors(new Contention([mps], 0), 25, 75)
    expect(none).toBeCloseTo(1 / slowdownOnShare(0.25), 12)
    const [much] = factors(new Contention([mps], 0.4), 25, 75)
    expect(much).toBeCloseTo(1.3 / slowdownOnShare(0.25), 12)
  })

  test('feel nobody on another GPU, and nobody who has left', () => {
    const contention = new Contention([mps, mps])
    expect(contention.enter('x', { gpu: 0, profileId: 50 })).toEqual(['x'])
    expect(contention.enter('y', { gpu: 1, profileId: 50 })).toEqual(['y'])
    expect(contention.enter('z', { gpu: 0, profileId: 50 })).toEqual(['x', 'z'])
    expect(contention.factorOf('x')).toBeCloseTo(1)
    expect(contention.leave('z')).toEqual(['x'])
    expect(contention.factorOf('x')).toBeCloseTo(1 / slowdownOnShare(0.5))
    expect(contention.leave('z')).toEqual([])
  })
})

test('by time slicing everybody has as many turns as there are residents', () => {
  expect(factors(new Contention([turns]), 50, 50)).toEqual([1, 1])
  expect(factors(new Contention([turns]), 33)).toEqual([1 / 3])
  expect(factors(new Contention([turns]), 50, 25, 25)).toEqual([1.5, 0.75, 0.75])
})

test('GPU instances are isolated: nobody is slower for anybody', () => {
  const contention = new Contention([a100Gb80])
  expect(contention.enter('x', { gpu: 0, profileId: 9 })).toEqual([])
  contention.enter('y', { gpu: 0, profileId: 9 })
  expect(contention.factorOf('x')).toBe(1)
})
