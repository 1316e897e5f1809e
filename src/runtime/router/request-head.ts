/** The head of a request, as far as the router looks at it. */
export type RequestHead = {
  readonly method: string
  readonly target: string
  /** HTTP/1.0: it is sent no chunks, and keeps its connection only where it says so. */
  readonly isOld: boolean
  /** Length of the body, 0 = none; null: it comes in chunks. */
  readonly bodyBytes: number | null
  /** Whether the client means to send another request on this connection. */
  readonly keepsAlive: boolean
  /** The body is sent only once the client was told to go on. */
  readonly expectsContinue: boolean
  /** Lines for the worker, each with its end. */
  readonly passedLines: string
}

/** Why bytes are no request that is taken, and what its sender is told. */
export type RequestTrouble = { readonly status: number; readonly message: string }

/** What a client sends along that concerns the worker too; nothing else is passed on. */
const passedNames: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'accept',
  'accept-encoding',
  'inference-header-content-length',
  'traceparent',
  'tracestate',
])

const requestLine = /([!#$%&'*+.^_`|~\dA-Za-z-]+) ([\x21-\x7e]+) HTTP\/(\d\.\d)\r\n/y
const fieldLine = /([!#$%&'*+.^_`|~\dA-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)\r\n/y
const outerSpace = /^[\t ]+|[\t ]+$/g

/**
 * Reads a request's head (RFC 9112): its lines, each with its end, without the empty one. As strict
 * as the grammar, and stricter where two readers could read it in two ways: one length at most,
 * never beside a coding; no coding but `chunked`; no folded lines, no bare line feeds.
 */
export function readRequestHead(text: string): RequestHead | RequestTrouble {
  requestLine.lastIndex = 0
  const first = requestLine.exec(text)
  if (first === null) return malformed('It does not begin with a request line')
  const [, method, target, protocol] = first as unknown as [string, string, string, string]
  if (protocol !== '1.1' && protocol !== '1.0') {
    return { status: 505, message: `HTTP/${protocol} is not spoken here` }
  }
  const fields = readFields(text, requestLine.lastIndex)
  if ('status' in fields) return fields
  const isOld = protocol === '1.0'
  if (fields.hosts > 1 || (fields.hosts === 0 && !isOld)) return malformed('It names no one host')
  const bodyBytes = lengthOf(fields, isOld)
  if (typeof bodyBytes === 'object' && bodyBytes !== null) return bodyBytes
  const { connection, expectation } = fields
  if (expectation !== null && expectation.toLowerCase() !== '100-continue') {
    return { status: 417, message: 'What it expects is not done here' }
  }
  const says = (word: string) => connection !== null && hasToken(connection, word)
  return {
    method,
    target,
    isOld,
    bodyBytes,
    keepsAlive: connection === null ? !isOld : (!isOld || says('keep-alive')) && !says('close'),
    expectsContinue: expectation !== null && bodyBytes !== 0 && !isOld,
    passedLines: fields.passedLines,
  }
}

export function isTrouble(read: RequestHead | RequestTrouble): read is RequestTrouble {
  return 'status' in read
}

/** Whether these lines, each with its end, could be the fields of a head or a trailer. */
export function areFields(text: string): boolean {
  return !('status' in readFields(text, 0))
}

type Fields = {
  hosts: number
  length: string | null
  coding: string | null
  connection: string | null
  expectation: string | null
  passedLines: string
}

function readFields(text: string, from: number): Fields | RequestTrouble {
  const fields: Fields = {
    hosts: 0,
    length: null,
    coding: null,
    connection: null,
    expectation: null,
    passedLines: '',
  }
  let at = from
  while (at < text.length) {
    fieldLine.lastIndex = at
    const line = fieldLine.exec(text)
    if (line === null) return malformed('A header is unreadable')
    const name = (line[1] as string).toLowerCase()
    if (passedNames.has(name)) fields.passedLines += line[0]
    else if (!take(fields, name, line[2] as string)) return malformed(`There are two ${name}`)
    at = fieldLine.lastIndex
  }
  return fields
}

/** False where there is a second one of what there may be one of. */
function take(fields: Fields, name: string, raw: string): boolean {
  switch (name) {
    case 'host':
      fields.hosts += 1
      return true
    case 'content-length':
      if (fields.length !== null) return false
      fields.length = raw.replace(outerSpace, '')
      return true
    case 'transfer-encoding':
      if (fields.coding !== null) return false
      fields.coding = raw.replace(outerSpace, '')
      return true
    case 'expect':
      if (fields.expectation !== null) return false
      fields.expectation = raw.replace(outerSpace, '')
      return true
    case 'connection':
      fields.connection = fields.connection === null ? raw : `${fields.connection},${raw}`
      return true
    default:
      return true
  }
}

function lengthOf({ length, coding }: Fields, isOld: boolean): number | null | RequestTrouble {
  if (coding === null) {
    if (length === null) return 0
    return /^\d{1,15}$/.test(length) ? Number(length) : malformed('Its length is unreadable')
  }
  if (length !== null || isOld) return malformed('It has a length and a coding, or an old protocol')
  if (coding.toLowerCase() === 'chunked') return null
  return { status: 501, message: 'No transfer coding is known here but chunked' }
}

function hasToken(list: string, word: string): boolean {
  return list.split(',').some((token) => token.replace(outerSpace, '').toLowerCase() === word)
}

function malformed(message: string): RequestTrouble {
  return { status: 400, message }
}
