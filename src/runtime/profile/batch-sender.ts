import { setMaxListeners } from 'node:events'
import { Pool } from 'undici'
import { routes } from '../open-inference/protocol.ts'
import { readInferResponse, readJson } from '../open-inference/read-message.ts'

/** What came of a batch of requests that were sent at once. */
export type SentBatch =
  | { readonly kind: 'answered'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** Sends batches to one worker as the router does: a connection for each request. */
export type BatchSender = {
  readonly send: (bodies: readonly Buffer[], signal: AbortSignal) => Promise<SentBatch>
  readonly close: () => Promise<void>
}

const answerSecondsMax = 60
const quotedMax = 300

export function batchSender(url: string, tenant: string): BatchSender {
  const pool = new Pool(url, { connections: null, headersTimeout: 0, bodyTimeout: 0 })
  const path = routes.infer(tenant)
  let isChecked = false
  return { send, close: () => pool.destroy() }

  async function send(bodies: readonly Buffer[], asked: AbortSignal): Promise<SentBatch> {
    const late = AbortSignal.timeout(1000 * answerSecondsMax)
    const signal = AbortSignal.any([asked, late])
    // A listener for each request of a batch.
    setMaxListeners(0, signal)
    const began = performance.now()
    try {
      const answers = await Promise.all(bodies.map((body) => post(body, signal)))
      const seconds = (performance.now() - began) / 1000
      const wrong = answers.find((answer) => answer !== null)
      if (wrong !== undefined && wrong !== null) return { kind: 'failed', reason: wrong }
      return { kind: 'answered', seconds }
    } catch (error) {
      if (late.aborted) {
        return { kind: 'failed', reason: `no answer within ${answerSecondsMax} s` }
      }
      return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  /** Null, or what is wrong with the answer; only the first one is looked at whole. */
  async function post(body: Buffer, signal: AbortSignal): Promise<string | null> {
    const headers = { 'content-type': 'application/json' }
    const answer = await pool.request({ method: 'POST', path, headers, body, signal })
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    if (answer.statusCode !== 200) {
      return `status ${answer.statusCode}: ${bytes.toString('utf8').slice(0, quotedMax)}`
    }
    if (isChecked) return null
    isChecked = true
    const json = readJson(bytes.toString('utf8'))
    const read = json.kind === 'valid' ? readInferResponse(json.value) : json
    return read.kind === 'valid' ? null : `not an answer of the protocol: ${read.reason}`
  }
}
