import type { AnswerHead } from './answer-parser.ts'

export type Judgement =
  | { readonly kind: 'good' }
  /** The worker finds fault with the request; the client is told its words. */
  | { readonly kind: 'invalid' }
  | {
      readonly kind: 'bad'
      readonly reason: 'garbage' | 'error-answers'
      readonly message: string
    }

/** What a worker may say about a request; any other error is its own. */
const faultsOfClients = [400, 413, 415, 422]
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * What a complete answer is worth. JSON is not parsed, which would cost more than all the rest, but
 * it begins and ends as an object does. `body` is null where it was passed on as it came.
 */
export function judgeStatus(head: AnswerHead, body: Buffer | null): Judgement {
  const { status, contentType, contentEncoding, jsonBytes } = head
  if (faultsOfClients.includes(status)) return { kind: 'invalid' }
  if (status < 200 || status > 299) {
    return { kind: 'bad', reason: 'error-answers', message: `The worker answered ${status}` }
  }
  const isJson = contentType === null || /\bjson\b/i.test(contentType)
  if (body === null || !isJson || contentEncoding !== null || jsonBytes !== null) {
    return { kind: 'good' }
  }
  if (firstByte(body) === openBrace && lastByte(body) === closeBrace) return { kind: 'good' }
  return { kind: 'bad', reason: 'garbage', message: 'The worker answered no JSON object' }
}

function firstByte(body: Buffer): number | undefined {
  let at = 0
  while (at < body.length && isSpace(body[at] as number)) at += 1
  return body[at]
}

function lastByte(body: Buffer): number | undefined {
  let at = body.length - 1
  while (at >= 0 && isSpace(body[at] as number)) at -= 1
  return body[at]
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
