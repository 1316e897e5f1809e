import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RequestRing } from './request-ring.ts'

type Command =
  | { readonly kind: 'push'; readonly count: number; readonly items: number }
  | { readonly kind: 'drop'; readonly share: number }
  | { readonly kind: 'remove'; readonly skip: number; readonly share: number }

const share = fc.double({ min: 0, max: 1, noNaN: true })
const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('push' as const),
      count: fc.integer({ min: 1, max: 300 }),
      items: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ kind: fc.constant('drop' as const), share }),
    fc.record({ kind: fc.constant('remove' as const), skip: share, share }),
  ),
  { maxLength: 40 },
)

const contents = (ring: RequestRing) =>
  Array.from({ length: ring.size }, (_, p) => {
    const at = (ring.head + p) & ring.mask
    return [ring.arrivalSeconds[at], ring.items[at], ring.handles[at]]
  })

test('a ring is a list: push at the end, drop at the front, take runs out of it', () => {
  fc.assert(
    fc.property(commands, (script) => {
      const ring = new RequestRing(Infinity)
      let model: number[][] = []
      let pushed = 0
      for (const command of script) {
        if (command.kind === 'push') {
          for (let i = 0; i < command.count; i += 1) {
            pushed += 1
            ring.push(pushed / 8, command.items, pushed)
            model.push([pushed / 8, command.items, pushed])
          }
        } else if (command.kind === 'drop') {
          const count = Math.floor(command.share * model.length)
          ring.drop(count)
          model = model.slice(count)
        } else {
          const skip = Math.floor(command.skip * model.length)
          const count = Math.floor(command.share * (model.length - skip))
          ring.remove(skip, count)
          model.splice(skip, count)
        }
        expect(contents(ring)).toEqual(model)
        expect(ring.itemsWaiting).toBe(model.reduce((sum, [, items]) => sum + (items ?? 0), 0))
      }
    }),
    { numRuns: 60 },
  )
})

test('a ring is full at its limit, whatever the size of its arrays', () => {
  const ring = new RequestRing(3)
  for (let i = 0; i < 3; i += 1) ring.push(i, 1, i)
  expect(ring.isFull).toBe(true)
  expect(() => ring.push(3, 1, 3)).toThrow('the queue is full')
})

test('what is inserted waits in order of arrival, after others of its moment', () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 600 })
  fc.assert(
    fc.property(arrivals, fc.nat(300), (all, dropped) => {
      const ring = new RequestRing(Infinity)
      for (let i = 0; i < dropped; i += 1) ring.push(-1, 1, -1)
      ring.drop(dropped)
      for (const [i, at] of all.entries()) ring.insert(at, 1 + (i % 3), i)
      const sorted = all.map((at, i) => [at, 1 + (i % 3), i]).sort(([a = 0], [b = 0]) => a - b)
      expect(contents(ring)).toEqual(sorted)
    }),
    { numRuns: 40 },
  )
})
