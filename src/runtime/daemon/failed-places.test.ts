import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FailedPlaces } from './failed-places.ts'

const first = { gpu: 'GPU-1', operation: 3 }
const other = { gpu: 'GPU-1', operation: 4 }
const fresh = () => join(mkdtempSync(join(tmpdir(), 'migrator-failed-')), 'failed.json')

test('a failed instance is known to the next program, as long as it is there', () => {
  const path = fresh()
  const open = (owned: readonly (typeof first)[], isContinued = true) =>
    new FailedPlaces({ path, isContinued, owned })
  open([first, other]).add({ ...first, why: 'XID 95' })
  const second = open([first, other])
  expect([second.isFailed(first), second.isFailed(other)]).toEqual([true, false])
  // Somebody took it away, which ends it for good, though its number should come again.
  expect(open([other]).all).toEqual([])
  expect(open([first, other]).all).toEqual([])
})

test('a failed GPU fails whatever is on it, until nothing is', () => {
  const path = fresh()
  const open = (owned: readonly (typeof first)[]) =>
    new FailedPlaces({ path, isContinued: true, owned })
  open([first]).add({ gpu: 'GPU-1', operation: null, why: 'lost' })
  expect(open([first, other]).isFailed(other)).toBe(true)
  expect(open([{ gpu: 'GPU-2', operation: 9 }]).all).toEqual([])
})

test('after a boot everything is tried again', () => {
  const path = fresh()
  new FailedPlaces({ path, isContinued: true, owned: [first] }).add({ ...first, why: 'XID 48' })
  expect(new FailedPlaces({ path, isContinued: false, owned: [first] }).all).toEqual([])
})
