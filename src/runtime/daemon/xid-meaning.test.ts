import { expect, test } from 'vitest'
import { meaningOfXid } from './xid-meaning.ts'

test.each([
  [31, 'breaks-process'],
  [94, 'breaks-process'],
  [45, 'noted'],
  [48, 'breaks-instance'],
  [79, 'breaks-instance'],
  [95, 'breaks-instance'],
  [4711, 'breaks-instance'],
])('XID %i: %s', (xid, meaning) => {
  expect(meaningOfXid(xid)).toBe(meaning)
})
