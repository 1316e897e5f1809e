import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gpuModels } from './catalog.ts'
import {
  findProfileByName,
  nameAttributes,
  parseProfileName,
  printProfileName,
} from './profile-name.ts'

test('a name with everything is taken apart', () => {
  expect(parseProfileName('1c.3g.20gb+me')).toEqual({
    kind: 'parsed',
    name: { computeInstanceSlices: 1, computeSlices: 3, memoryGb: 20, attribute: '+me' },
  })
})

test.each([
  '',
  '3g',
  '3g.20',
  '3g.20gib',
  '0g.5gb',
  '03g.20gb',
  '3G.20GB',
  ' 3g.20gb',
  '3g.20gb+ME',
  '3g.20gb+me+gfx',
  '3g.20gb.me',
  '4c.3g.20gb',
  'MIG 3g.20gb',
])('%j is no profile name, and the answer says what would be', (text) => {
  const result = parseProfileName(text)
  expect(result.kind).toBe('malformed')
  expect(result.kind === 'malformed' && result.expected).toMatch(/\dg/)
})

test('a compute instance that fills its GPU instance is not mentioned', () => {
  const name = { computeInstanceSlices: 3, computeSlices: 3, memoryGb: 20, attribute: null }
  expect(printProfileName(name)).toBe('3g.20gb')
  expect(printProfileName({ ...name, computeInstanceSlices: 2 })).toBe('2c.3g.20gb')
})

test('every name of every catalogue parses, prints back and agrees with its row', () => {
  for (const model of gpuModels) {
    for (const profile of model.profiles) {
      const parsed = parseProfileName(profile.name)
      expect(parsed.kind, profile.name).toBe('parsed')
      if (parsed.kind !== 'parsed') continue
      expect(printProfileName(parsed.name)).toBe(profile.name)
      expect(parsed.name.computeSlices).toBe(profile.computeSlices)
      const isPlain = profile.attribute === 'base' || profile.attribute === 'double-memory'
      expect(parsed.name.attribute).toBe(isPlain ? null : profile.attribute)
      expect(findProfileByName(model, profile.name)).toBe(profile)
    }
    expect(findProfileByName(model, '9g.1gb')).toBeUndefined()
  }
})

test('printing and parsing are inverse', () => {
  const names = fc.record({
    computeInstanceSlices: fc.constant(null),
    computeSlices: fc.integer({ min: 1, max: 99 }),
    memoryGb: fc.integer({ min: 1, max: 9999 }),
    attribute: fc.constantFrom(null, ...nameAttributes),
  })
  fc.assert(
    fc.property(names, (name) => {
      expect(parseProfileName(printProfileName(name))).toEqual({ kind: 'parsed', name })
    }),
  )
})
