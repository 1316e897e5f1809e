import { expect, test } from 'vitest'
import { hash64 } from './hash.ts'

test('hash64 gives the published FNV-1a values', () => {
  expect(hash64('')).toBe('cbf29ce484222325')
  expect(hash64('a')).toBe('af63dc4c8601ec8c')
  expect(hash64('foobar')).toBe('85944171f73967e8')
})

test('hash64 reads text as UTF-8', () => {
  expect(hash64('é')).not.toBe(hash64('e'))
  expect(hash64('é')).not.toBe(hash64('Ã©'))
})
