import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ReadRequest, readByNode } from '../../../test/router/node-reader.ts'
import type { RequestHead, RequestTrouble } from './request-head.ts'
import { headBytesMax, RequestParser } from './request-parser.ts'

type Own = { readonly head: RequestHead; readonly body: string }
type Reading = {
  /** Whole requests. */
  readonly requests: readonly Own[]
  readonly trouble: RequestTrouble | null
  /** Something came after the last whole request. */
  readonly isWaiting: boolean
}

/** Reads these bytes, cut at these places, up to a request that is the last of its connection. */
function read(bytes: Buffer, cuts: readonly number[] = []): Reading {
  const requests: Own[] = []
  let head: RequestHead | null = null
  let parts: Buffer[] = []
  const parser = new RequestParser({
    onHead: (own) => {
      head = own
      parts = []
    },
    onBody: (part) => parts.push(part),
    onEnd: () => {
      requests.push({ head: head as RequestHead, body: Buffer.concat(parts).toString('latin1') })
      head = null
    },
  })
  const isOver = () => parser.trouble !== null || requests.at(-1)?.head.keepsAlive === false
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < places.length; i += 1) {
    // A copy, as a socket's chunks are.
    let rest = Buffer.from(bytes.subarray(places[i - 1], places[i]))
    while (rest.length > 0 && !isOver()) {
      rest = Buffer.from(parser.push(rest))
      parser.next()
    }
  }
  return { requests, trouble: parser.trouble, isWaiting: head !== null || parser.isInHead }
}

const written = (text: string) => Buffer.from(text, 'latin1')

const token = fc.constantFrom(
  'x-a',
  'X-B',
  "!#$%&'*+.^_`|~9z",
  'Accept',
  'content-TYPE',
  'Traceparent',
)
const value = fc.constantFrom('', 'a', ' a b ', '\ta\t', 'text/json; q="1,2"', '\x80\xff', ':')
const field = fc.tuple(token, value).map(([name, own]) => `${name}:${own}\r\n`)
const body = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

function chunked(own: string, size: number, tail: string): string {
  let text = ''
  for (let at = 0; at < own.length; at += size) {
    const part = own.slice(at, at + size)
    text += `${part.length.toString(16).toUpperCase()}${at % 2 === 0 ? ';a=b' : ''}\r\n${part}\r\n`
  }
  return `${text}000\r\n${tail}\r\n`
}

const framed = fc.oneof(
  fc.constant({ line: '', text: '', body: '' }),
  body.map((own) => ({ line: `Content-Length: ${own.length}\r\n`, text: own, body: own })),
  fc
    .tuple(body, fc.integer({ min: 1, max: 30 }), fc.constantFrom('', 'x-t: 1\r\n'))
    .map(([own, size, tail]) => ({
      line: 'transfer-encoding:Chunked\r\n',
      text: chunked(own, size, tail),
      body: own,
    })),
)

const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS'),
    target: fc.constantFrom('/', '/v2/models/a/infer', '*', '/a?b=c#d', '/%00', 'http://h/v2'),
    before: fc.array(field, { maxLength: 3 }),
    after: fc.array(field, { maxLength: 3 }),
    connection: fc.constantFrom('', 'connection: keep-alive\r\n', 'Connection: a, CLOSE\r\n'),
    isOld: fc.boolean(),
    framed,
  })
  .map(({ method, target, before, after, connection, isOld, framed: own }) => {
    const mayChunk = !own.line.startsWith('transfer')
    const line = `${method} ${target} HTTP/1.${isOld && mayChunk ? 0 : 1}\r\n`
    const fields = `host: x\r\n${before.join('')}${own.line}${connection}${after.join('')}`
    return `${line}${fields}\r\n${own.text}`
  })
const stream = fc.oneof(
  fc.array(request, { minLength: 1, maxLength: 3 }).map((all) => all.join('')),
  // The same again is what clients send, and what is read by memory.
  request.map((own) => own.repeat(3)),
)

const passed = ['content-type', 'accept', 'traceparent'] as const

/** The lines passed on to workers, as Node puts headers together. */
function passedBy({ passedLines }: RequestHead): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const line of passedLines.split('\r\n').slice(0, -1)) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    const own = line.slice(name.length + 1).replace(/^[\t ]+|[\t ]+$/g, '')
    const known = fields[name]
    if (known === undefined) fields[name] = own
    else if (name !== 'content-type') fields[name] = `${known}, ${own}`
  }
  return fields
}

function same(own: Own, { method, target, headers, body: text, keepsAlive }: ReadRequest): void {
  expect(own.head).toMatchObject({ method, target, keepsAlive })
  expect(own.body).toBe(text)
  const theirs = passed.flatMap((name) => (name in headers ? [[name, headers[name]]] : []))
  expect(passedBy(own.head)).toEqual(Object.fromEntries(theirs))
}

test('requests are read as Node reads them, however they arrive', async () => {
  await fc.assert(
    fc.asyncProperty(stream, fc.array(fc.nat(), { maxLength: 8 }), async (text, cuts) => {
      const bytes = written(text)
      const places = cuts.map((cut) => cut % (bytes.length + 1))
      const own = read(bytes, places)
      const { requests } = await readByNode(bytes)
      expect(own.trouble).toBe(null)
      expect(own.requests.length).toBe(requests.length)
      for (const [i, theirs] of requests.entries()) same(own.requests[i] as Own, theirs)
    }),
    { numRuns: 300 },
  )
})

test('a request is read the same byte by byte', () => {
  fc.assert(
    fc.property(stream, (text) => {
      const bytes = written(text)
      const each = Array.from({ length: bytes.length }, (_, i) => i)
      expect(read(bytes, each)).toEqual(read(bytes))
    }),
  )
})

/** What has been used to make two readers of one stream disagree. */
const nasty = fc.constantFrom(
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '0',
  '-1',
  '+1',
  '0x1',
  '\r\n',
  '\r\n\r\n',
  '\r\n ',
  'content-length: 3\r\n',
  'content-length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'transfer-encoding: identity\r\n',
  'transfer-encoding: gzip, chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'transfer-encoding:\x0bchunked\r\n',
  'host: y\r\n',
  'GET / HTTP/1.1\r\n',
  ' HTTP/1.1',
  '0\r\n\r\n',
  'ffffffffffffffffff',
  '\xa0',
)

test('whatever it takes from a damaged stream, Node takes for the same or refuses', async () => {
  const damage = fc.record({ at: fc.nat(), gone: fc.integer({ min: 0, max: 3 }), nasty })
  await fc.assert(
    fc.asyncProperty(
      stream,
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      async (text, damages) => {
        let hurt = text
        for (const { at, gone, nasty: put } of damages) {
          const from = at % (hurt.length + 1)
          hurt = hurt.slice(0, from) + put + hurt.slice(from + gone)
        }
        const bytes = written(hurt)
        const { requests } = read(bytes)
        const theirs = await readByNode(bytes)
        for (const [i, own] of requests.entries()) {
          const their = theirs.requests[i]
          if (their !== undefined) same(own, their)
          else expect(theirs.isRefused).toBe(true)
        }
      },
    ),
    { numRuns: 1000 },
  )
})

test('noise is refused or awaited, never an exception', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.string().map((text) => Buffer.from(`GET / HTTP/1.1\r\n${text}\r\n\r\n`)),
  )
  fc.assert(
    fc.property(noise, fc.nat(), (bytes, cut) => {
      const { requests } = read(bytes, [cut % (bytes.length + 1)])
      for (const { head } of requests) expect(head.method).toMatch(/^[!-~]+$/)
    }),
  )
})

const good = 'POST /a HTTP/1.1\r\nhost: x\r\n'

describe('refused is', () => {
  test.each([
    [
      'a length beside a coding',
      `${good}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`,
      400,
    ],
    ['two lengths', `${good}content-length: 1\r\ncontent-length: 2\r\n\r\n`, 400],
    ['the same length twice', `${good}content-length: 1\r\ncontent-length: 1\r\n\r\n`, 400],
    ['a list of lengths', `${good}content-length: 1, 1\r\n\r\n`, 400],
    ['a length with a sign', `${good}content-length: +1\r\n\r\n`, 400],
    ['a length beyond all measure', `${good}content-length: ${'9'.repeat(16)}\r\n\r\n`, 400],
    ['two codings', `${good}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n`, 400],
    ['a coding before chunks', `${good}transfer-encoding: gzip, chunked\r\n\r\n`, 501],
    ['chunks of an old protocol', 'POST /a HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n', 400],
    ['a folded header', `${good}a: b\r\n c\r\n\r\n`, 400],
    ['a space before a colon', `${good}content-length : 1\r\n\r\n`, 400],
    ['a header without a name', `${good}: 1\r\n\r\n`, 400],
    ['a bare line feed', `${good}a: b\n\r\n\r\n`, 400],
    ['a head of bare line feeds', 'GET / HTTP/1.1\nhost: x\n\n', 400],
    ['a bare carriage return', `${good}a: b\rc\r\n\r\n`, 400],
    ['a zero byte', `${good}a: \0\r\n\r\n`, 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two hosts', `${good}host: y\r\n\r\n`, 400],
    ['a target with a space', 'GET /a b HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['another protocol', 'GET / HTTP/2.0\r\nhost: x\r\n\r\n', 505],
    ['no protocol', 'GET /\r\nhost: x\r\n\r\n', 400],
    ['a demand', `${good}content-length: 1\r\nexpect: a miracle\r\n\r\n`, 417],
    ['a head without end', good + 'a: b\r\n'.repeat(headBytesMax / 6), 431],
    ['a chunk without a size', `${good}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400],
    ['a chunk with a sign', `${good}transfer-encoding: chunked\r\n\r\n+1\r\na\r\n`, 400],
    ['a chunk of a terabyte', `${good}transfer-encoding: chunked\r\n\r\n10000000000\r\n`, 400],
    ['a chunk longer than its size', `${good}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n`, 400],
    ['a chunk that ends bare', `${good}transfer-encoding: chunked\r\n\r\n1\na`, 400],
    [
      'more beside chunks than in them',
      `${good}transfer-encoding: chunked\r\n\r\n${`1;${'x'.repeat(900)}\r\na\r\n`.repeat(20)}`,
      400,
    ],
    [
      'a trailer without end',
      `${good}transfer-encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(5000)}`,
      431,
    ],
    ['an unreadable trailer', `${good}transfer-encoding: chunked\r\n\r\n0\r\na b\r\n\r\n`, 400],
  ])('%s', (_, text, status) => {
    const bytes = written(text)
    expect(read(bytes)).toMatchObject({ requests: [], trouble: { status } })
    const each = Array.from({ length: bytes.length }, (_unused, i) => i)
    expect(read(bytes, each)).toMatchObject({ requests: [], trouble: { status } })
  })
})

test('what breaks off is awaited, and never a whole request', () => {
  const text = `${good}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx: y\r\n\r\n`
  for (let end = 1; end < text.length; end += 1) {
    expect(read(written(text.slice(0, end)))).toEqual({
      requests: [],
      trouble: null,
      isWaiting: true,
    })
  }
})
