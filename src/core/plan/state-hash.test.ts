import { expect, test } from 'vitest'
import { canonicalJson } from './state-hash.ts'

test('canonical JSON does not depend on the order in which keys were written', () => {
  expect(canonicalJson({ b: 1, a: [{ d: null, c: 'x' }] })).toBe('{"a":[{"c":"x","d":null}],"b":1}')
  expect(canonicalJson({ a: [{ c: 'x', d: null }], b: 1 })).toBe('{"a":[{"c":"x","d":null}],"b":1}')
})

test('canonical JSON tells null, NaN and infinities apart', () => {
  const texts = [null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(
    (value) => canonicalJson({ value }),
  )
  expect(new Set(texts).size).toBe(4)
})
