import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BufferBudget } from './buffer-budget.ts'
import { ClientRequest } from './client-request.ts'
import { Upload } from './upload.ts'

const carrier = {
  answer: () => {},
  begin: () => {},
  write: () => true,
  end: () => {},
  destroy: () => {},
  pauseBody: () => {},
  resumeBody: () => {},
}
const head = {
  method: 'POST',
  target: '/',
  isOld: false,
  bodyBytes: null,
  keepsAlive: true,
  expectsContinue: false,
  passedLines: '',
}

type Seen = { body: Buffer; pieces: number; isStreamed: boolean }

/** What an upload makes of a body in these pieces, with a worker that takes it after `ahead`. */
function upload(pieces: readonly Buffer[], bufferBytesMax: number, ahead: number): Seen {
  const seen: Seen = { body: Buffer.alloc(0), pieces: 0, isStreamed: false }
  const budget = new BufferBudget(1e9)
  const own = new Upload(new ClientRequest(head, carrier), {
    limits: { bodyBytesMax: 1e9, bufferBytesMax },
    budget,
    now: () => 0,
    listener: {
      onBuffered: (body) => {
        seen.body = body
      },
      onLarge: () => {
        seen.isStreamed = true
      },
      onTooLarge: () => {},
      onNoMemory: () => {},
    },
  })
  const add = (bytes: Buffer) => {
    seen.pieces += 1
    seen.body = Buffer.concat([seen.body, bytes])
    return true
  }
  let isTaken = false
  const takeIn = () => {
    isTaken = true
    own.stream({ write: add, finish: () => {} })
  }
  for (const [i, piece] of pieces.entries()) {
    if (i >= ahead && seen.isStreamed && !isTaken) takeIn()
    own.take(piece)
  }
  own.end()
  if (seen.isStreamed && !isTaken) takeIn()
  own.close()
  expect(budget.usedBytes).toBe(0)
  return seen
}

const piece = fc
  .oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9000 }))
  .chain((length) => fc.integer({ min: 0, max: 255 }).map((byte) => Buffer.alloc(length, byte)))

test('a body is the same in whatever pieces it comes, held or passed on', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.constantFrom(10, 5000, 1e9),
      fc.nat({ max: 40 }),
      (pieces, bufferBytesMax, ahead) => {
        const whole = Buffer.concat(pieces)
        const { body, isStreamed } = upload(pieces, bufferBytesMax, ahead)
        expect(body.equals(whole)).toBe(true)
        expect(isStreamed).toBe(whole.length > bufferBytesMax)
      },
    ),
  )
})

test('a body that comes byte by byte is held in few pieces', () => {
  const bytes = Array.from({ length: 50_000 }, (_, i) => Buffer.from([i & 255]))
  const { body, pieces } = upload(bytes, 49_999, bytes.length)
  expect(body.equals(Buffer.concat(bytes))).toBe(true)
  expect(pieces).toBeLessThan(20)
})
