import { describe, expect, test } from 'vitest'
import { readShipped } from '../../../test/data-files.ts'
import { memoryMiBMax } from './memory-facts.ts'
import { type MemoryFact, memoryOf, type ProfileKind } from './profile-library.ts'
import { readProfiles } from './read-profiles.ts'

const library = readProfiles(readShipped, [])

function most(kind: ProfileKind, model: string, profile: string, items: number): number | null {
  return memoryMiBMax(memoryOf(library, kind, model), kind, { gpu: 'a100-80gb', profile, items })
}

describe('what a worker takes at most', () => {
  test('is its part of an instance on which several of it ran at once, and its own context', () => {
    // Three at batch 16 ran on 9728 MiB; a context is 90 MiB for each compute slice.
    expect(most('inference', 'mobilenetv2', '1g.10gb', 16)).toBe(Math.ceil(9728 / 3 + 90))
    expect(most('inference', 'mobilenetv2', '3g.40gb', 16)).toBe(Math.ceil(9728 / 3 + 270))
  })

  test('is a quarter more than was seen in use for inference, half more for training', () => {
    expect(most('inference', 'resnet50', '1g.10gb', 32)).toBe(1968 * 1.25)
    expect(most('training', 'bert-base', '1g.10gb', 32)).toBe(4942 * 1.5)
  })

  test('is all of the smallest instance that it ran on where nothing else is known', () => {
    const facts = memoryOf(library, 'training', 'mobilenet-cifar')
    const on = (gpu: string, profile: string) =>
      memoryMiBMax(facts, 'training', { gpu, profile, items: 256 })
    expect(on('a100-40gb', '1g.5gb')).toBe(4864)
    expect(on('a100-80gb', '1g.10gb')).toBe(4864)
    expect(on('a100-80gb', '2g.20gb'), 'with the context of one slice more').toBe(4864 + 90)
  })

  test('is known of a batch between two by the larger one, and of none beyond the largest', () => {
    expect(most('inference', 'resnet50', '1g.10gb', 19)).toBe(1968 * 1.25)
    expect(most('inference', 'resnet50', '1g.10gb', 257)).toBeNull()
    expect(most('inference', 'nobody', '1g.10gb', 1)).toBeNull()
  })

  test('never falls as batches grow', () => {
    for (const model of ['resnet50', 'inceptionv3', 'mobilenetv2', 'vit-b16', 'bert-large']) {
      const grown = [1, 2, 4, 8, 16, 32].map((n) => most('inference', model, '2g.20gb', n) ?? 0)
      expect(grown).toEqual([...grown].sort((a, b) => a - b))
    }
  })

  test('is what a person observed of their own worker, even where others saw less', () => {
    const own: MemoryFact = {
      ...{ isOwn: true, gpu: 'h100-80gb', profile: '1g.10gb', items: 64 },
      ...{ saw: 'used', amount: 7000 },
    }
    const facts = [own, ...memoryOf(library, 'inference', 'resnet50')]
    const wanted = { gpu: 'h100-80gb', profile: '1g.10gb', items: 8 }
    expect(memoryMiBMax(facts, 'inference', wanted)).toBe(7000 * 1.25)
  })
})

test('no job was seen to run on less than it is said to take at most, as far as figures go', () => {
  // Where the same batch did not run on an instance, no bound by what was used may say it fits.
  for (const [model, profile, gpu] of [
    ['resnet50-moco', '1g.5gb', 'a100-40gb'],
    ['vit-b16', '1g.5gb', 'a100-40gb'],
  ] as const) {
    const facts = memoryOf(library, 'training', model)
    const most = memoryMiBMax(facts, 'training', { gpu, profile, items: 16 })
    expect(most, model).toBeGreaterThan(4864)
  }
})
