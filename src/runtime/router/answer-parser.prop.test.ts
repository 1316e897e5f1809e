import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnswerHead, AnswerParser } from './answer-parser.ts'

type Read = { head: AnswerHead | null; body: Buffer; isDone: boolean; trouble: string | null }

/** Reads these bytes, cut at these places. */
function read(bytes: Buffer, cuts: readonly number[] = [], isEnded = false): Read {
  const parser = new AnswerParser()
  const out: Read = { head: null, body: Buffer.alloc(0), isDone: false, trouble: null }
  parser.expect({
    onHead: (head) => {
      out.head = head
    },
    onBody: (part) => {
      out.body = Buffer.concat([out.body, part])
    },
  })
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < places.length && out.trouble === null; i += 1) {
    const part = Buffer.from(bytes.subarray(places[i - 1], places[i]))
    if (part.length === 0) continue
    out.trouble = parser.push(part)
    part.fill(0)
  }
  if (isEnded) parser.end()
  out.isDone = parser.isDone
  return out
}

const body = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
const framing = fc.constantFrom('length', 'chunked', 'close')

function chunked(bytes: Buffer, size: number): Buffer {
  const parts: Buffer[] = []
  for (let from = 0; from < bytes.length; from += size) {
    const part = bytes.subarray(from, from + size)
    parts.push(Buffer.from(`${part.length.toString(16)};x=1\r\n`), part, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\ntrailer: 1\r\n\r\n')])
}

function written(own: Buffer, how: string, size: number): Buffer {
  const framed = {
    length: `content-length: ${own.length}\r\n`,
    chunked: 'Transfer-Encoding: chunked\r\n',
    close: '',
  }[how]
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${framed}\r\n`
  return Buffer.concat([Buffer.from(head), how === 'chunked' ? chunked(own, size) : own])
}

test('an answer is read the same however it arrives', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 8 })
  fc.assert(
    fc.property(body, framing, fc.integer({ min: 1, max: 50 }), cuts, (own, how, size, at) => {
      const bytes = written(own, how, size)
      const places = at.map((place) => place % (bytes.length + 1))
      const found = read(bytes, places, true)
      expect(found.trouble).toBe(null)
      expect(found.isDone).toBe(true)
      expect(found.body.equals(own)).toBe(true)
      expect(found.head).toMatchObject({ status: 200, keepsAlive: how !== 'close' })
    }),
  )
})

test('an answer is read the same after others on its connection, however alike they are', () => {
  const fields = fc.constantFrom('a: 1', 'a: 2', 'Connection: close', 'content-type: text/x')
  const each = fc.record({ status: fc.constantFrom(200, 400), fields, own: body })
  fc.assert(
    fc.property(fc.array(each, { minLength: 2, maxLength: 6 }), fc.nat(), (answers, cut) => {
      const parser = new AnswerParser()
      for (const { status, fields: line, own } of answers) {
        const heading = `HTTP/1.1 ${status} X\r\n${line}\r\ncontent-length: ${own.length}\r\n\r\n`
        const bytes = Buffer.concat([Buffer.from(heading), own])
        const out: { head: AnswerHead | null; body: Buffer } = { head: null, body: Buffer.alloc(0) }
        parser.expect({
          onHead: (head) => {
            out.head = head
          },
          onBody: (part) => {
            out.body = Buffer.concat([out.body, part])
          },
        })
        const at = cut % (bytes.length + 1)
        for (const part of [bytes.subarray(0, at), bytes.subarray(at)]) {
          expect(parser.push(Buffer.from(part))).toBe(null)
        }
        expect(parser.isDone).toBe(true)
        expect(out.head).toEqual(read(bytes).head)
        expect(out.body.equals(own)).toBe(true)
      }
    }),
  )
})

test('an answer that breaks off is never taken for a whole one', () => {
  fc.assert(
    fc.property(body, fc.constantFrom('length', 'chunked'), fc.nat(), (own, how, cut) => {
      const bytes = written(own, how, 7)
      const found = read(bytes.subarray(0, cut % bytes.length), [], true)
      expect(found.isDone).toBe(false)
    }),
  )
})

test('noise is refused or awaited, never an exception', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.string().map((text) => Buffer.from(`HTTP/1.1 200 OK\r\n${text}\r\n\r\n`)),
  )
  fc.assert(
    fc.property(noise, (bytes) => {
      const { trouble, isDone } = read(bytes)
      expect(isDone && trouble !== null).toBe(false)
    }),
  )
})

describe('refused is', () => {
  test.each([
    ['bytes after an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxy'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    ],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: 1x\r\n\r\n'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    [
      'a chunk longer than its size',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n`,
    ],
    ['a folded header', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`],
  ])('%s', (_, text) => {
    expect(read(Buffer.from(text)).trouble).not.toBe(null)
  })
})

test('an interim answer is passed over', () => {
  const text = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'
  expect(read(Buffer.from(text))).toMatchObject({ isDone: true, head: { status: 204 } })
})
