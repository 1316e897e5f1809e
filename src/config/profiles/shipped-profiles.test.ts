import { expect, test } from 'vitest'
import { readShipped } from '../../../test/data-files.ts'
import { findRow, findStart, modelsOf, type ProfileRow } from './profile-library.ts'
import { readProfiles } from './read-profiles.ts'

const library = readProfiles(readShipped, [])
const rows = [...library.rows.values()]
const row = (kind: ProfileRow['kind'], model: string, gpu: string, profile: string): ProfileRow => {
  const found = findRow(library, { kind, model, gpu, profile })
  if (found === null) throw new Error(`No figures for ${model} on ${gpu} ${profile}`)
  return found
}
const at = (from: ProfileRow, items: number) =>
  from.points.find((point) => point.items === items)?.perSecond

test('at least eight inference models and six training jobs come with the program', () => {
  expect(modelsOf(library, 'inference').length).toBeGreaterThanOrEqual(8)
  expect(modelsOf(library, 'training').length).toBeGreaterThanOrEqual(6)
})

test('every figure names its source and is marked measured or derived', () => {
  for (const { source, provenance } of rows) {
    expect(source).toMatch(/github\.com\/.* at [0-9a-f]{12}/)
    expect(provenance).toBe(source.includes('; derived (') ? 'derived' : 'measured')
  }
  expect(rows.some(({ provenance }) => provenance === 'derived')).toBe(true)
})

test('every model and job has a time to start its worker', () => {
  for (const { kind, model } of rows) {
    expect(findStart(library, kind, model)?.seconds, `${kind} ${model}`).toBeGreaterThan(0)
  }
})

test('more slices are not always faster: the tables keep what was measured', () => {
  const three = row('inference', 'inceptionv3', 'a100-80gb', '3g.40gb')
  const four = row('inference', 'inceptionv3', 'a100-80gb', '4g.40gb')
  expect(at(three, 8)).toBe(899.433)
  expect(at(four, 8)).toBe(785.833)
})

test('what did not run for want of memory is told apart from what is unknown', () => {
  const small = row('inference', 'resnet50', 'a100-80gb', '1g.10gb')
  expect(at(small, 32)).toBe(412.097)
  expect(at(small, 64)).toBe('did-not-run')
  expect(at(small, 3)).toBeUndefined()
  const wanted = { kind: 'inference', model: 'resnet50', profile: '1g.10gb' } as const
  expect(findRow(library, { ...wanted, gpu: 'h100-80gb' })).toBeNull()
})

test('a 4g that no source measured lies a fifth of the way from 3g to 7g', () => {
  const figures = ['3g.40gb', '7g.80gb', '4g.40gb'].map((profile) =>
    at(row('inference', 'bert-base', 'a100-80gb', profile), 8),
  ) as [number, number, number]
  expect(figures[2]).toBeCloseTo(0.8 * figures[0] + 0.2 * figures[1], 9)
  expect(row('inference', 'bert-base', 'a100-80gb', '4g.40gb').provenance).toBe('derived')
})

test('that fifth is within 3 % of the measured 4g at the median and 15 % at worst', () => {
  const errors = rows
    .filter(({ provenance, profile }) => provenance === 'measured' && /^4g/.test(profile))
    .flatMap((four) => {
      const [below, above] =
        four.gpu === 'a100-80gb' ? ['3g.40gb', '7g.80gb'] : ['3g.20gb', '7g.40gb']
      return four.points.flatMap(({ items, perSecond }) => {
        const low = at(row(four.kind, four.model, four.gpu, below as string), items)
        const high = at(row(four.kind, four.model, four.gpu, above as string), items)
        if ([perSecond, low, high].some((rate) => typeof rate !== 'number')) return []
        const [measured, lower, upper] = [perSecond, low, high] as [number, number, number]
        return [Math.abs((0.8 * lower + 0.2 * upper) / measured - 1)]
      })
    })
    .sort((a, b) => a - b)
  expect(errors).toHaveLength(98)
  expect(errors[49]).toBeLessThan(0.03)
  expect(errors.at(-1)).toBeLessThan(0.15)
})

test('a job of the smaller A100 runs as fast on the larger where it is known to fit', () => {
  const small = row('training', 'transformer', 'a100-40gb', '2g.10gb')
  const large = row('training', 'transformer', 'a100-80gb', '2g.20gb')
  expect(at(large, 64)).toBe(at(small, 64))
  expect(large.provenance).toBe('derived')
  expect(at(small, 128)).toBe('did-not-run')
  expect(at(large, 128)).toBeUndefined()
})

test('a derived batch must have run with no more memory than the target has', () => {
  const target = row('inference', 'resnet50', 'a100-40gb', '2g.10gb')
  expect(at(target, 32), 'ran with 9728 MiB').toBeCloseTo(0.76 * 789.006, 6)
  expect(at(target, 64), 'did not run with 9728 MiB, and 9856 were never tried').toBeUndefined()
  expect(at(target, 128), 'did not run with 19968 MiB').toBe('did-not-run')
  expect(at(row('inference', 'resnet50', 'a100-40gb', '1g.5gb'), 1)).toBeUndefined()
})

test('a profile with media engines computes like the one without', () => {
  const plain = row('inference', 'vgg16', 'a100-80gb', '1g.10gb')
  const media = row('inference', 'vgg16', 'a100-80gb', '1g.10gb+me')
  expect(media.points).toEqual(plain.points)
  expect(media.provenance).toBe('derived')
})
