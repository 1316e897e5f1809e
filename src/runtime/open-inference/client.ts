import { type Dispatcher, errors, Pool } from 'undici'
import {
  type InferRequest,
  type InferResponse,
  type ModelMetadata,
  modelDirParameter,
  routes,
  type ServerMetadata,
} from './protocol.ts'
import {
  type ReadResult,
  readError,
  readInferResponse,
  readJson,
  readModelMetadata,
  readServerMetadata,
} from './read-message.ts'

/** What came of a question to a worker; a fault is an answer, never an exception. */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** It answered with another status than success. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** It answered what the protocol does not allow. */
  | { readonly kind: 'garbage'; readonly message: string }
  /** No answer: nobody listens, the connection broke, or it took too long. */
  | {
      readonly kind: 'unreachable'
      readonly reason: 'refused' | 'broken' | 'timeout' | 'aborted'
      readonly message: string
    }

export type CallOptions = { readonly secondsMax: number; readonly signal?: AbortSignal }

/** A client of one worker; it keeps connections and never retries. */
export type OpenInferenceClient = {
  /** `refused` when it lives and says no. */
  readonly live: (options: CallOptions) => Promise<Answer<true>>
  readonly ready: (options: CallOptions) => Promise<Answer<true>>
  readonly serverMetadata: (options: CallOptions) => Promise<Answer<ServerMetadata>>
  readonly modelMetadata: (model: string, options: CallOptions) => Promise<Answer<ModelMetadata>>
  readonly infer: (
    model: string,
    request: InferRequest,
    options: CallOptions,
  ) => Promise<Answer<InferResponse>>
  readonly load: (model: string, modelDir: string, options: CallOptions) => Promise<Answer<true>>
  readonly unload: (model: string, options: CallOptions) => Promise<Answer<true>>
  /** Breaks off what is under way. */
  readonly close: () => Promise<void>
}

export type ClientOptions = {
  /** Requests that may be under way at once; more wait within their time. */
  readonly connectionsMax?: number
  /** A larger answer is garbage. */
  readonly answerBytesMax?: number
}

const connectionsMaxDefault = 64
const answerBytesMaxDefault = 64 * 1024 * 1024
const quotedMax = 200

type Call = CallOptions & {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
}

/** A client of the server at `url`, such as `http://127.0.0.1:8001`. */
export function openInferenceClient(url: string, options: ClientOptions = {}): OpenInferenceClient {
  const pool = new Pool(url, {
    connections: options.connectionsMax ?? connectionsMaxDefault,
    maxResponseSize: options.answerBytesMax ?? answerBytesMaxDefault,
    // Each call has its own deadline, which covers these.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const get = (path: string, call: CallOptions) => ask(pool, { ...call, method: 'GET', path })
  const post = (path: string, body: unknown, call: CallOptions) =>
    ask(pool, { ...call, method: 'POST', path, body })
  return {
    live: async (call) => yes(await get(routes.live, call)),
    ready: async (call) => yes(await get(routes.ready, call)),
    serverMetadata: async (call) => checked(await get(routes.server, call), readServerMetadata),
    modelMetadata: async (model, call) =>
      checked(await get(routes.model(model), call), readModelMetadata),
    infer: async (model, request, call) =>
      checked(await post(routes.infer(model), request, call), readInferResponse),
    load: async (model, modelDir, call) => {
      const parameters = { [modelDirParameter]: modelDir }
      return yes(await post(routes.load(model), { parameters }, call))
    },
    unload: async (model, call) => yes(await post(routes.unload(model), {}, call)),
    close: () => pool.destroy(),
  }
}

/** The text of a successful answer, or what went wrong. */
async function ask(pool: Pool, call: Call): Promise<Answer<string>> {
  const limit = new AbortController()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    limit.abort()
  }, 1000 * call.secondsMax)
  const onAbort = () => limit.abort()
  call.signal?.addEventListener('abort', onAbort)
  if (call.signal?.aborted === true) limit.abort()
  try {
    return await send(pool, call, limit.signal)
  } catch (error) {
    if (isLate) {
      const message = `No answer to ${call.path} within ${call.secondsMax} s`
      return { kind: 'unreachable', reason: 'timeout', message }
    }
    return faultOf(error, call.path)
  } finally {
    clearTimeout(timer)
    call.signal?.removeEventListener('abort', onAbort)
  }
}

async function send(pool: Pool, call: Call, signal: AbortSignal): Promise<Answer<string>> {
  const request: Dispatcher.RequestOptions = { method: call.method, path: call.path, signal }
  const answer = await pool.request(
    call.body === undefined
      ? request
      : {
          ...request,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(call.body),
        },
  )
  const text = await answer.body.text()
  const status = answer.statusCode
  if (status >= 200 && status < 300) return { kind: 'ok', value: text }
  return { kind: 'refused', status, message: refusalIn(text) }
}

function refusalIn(text: string): string {
  const json = readJson(text)
  const read = json.kind === 'valid' ? readError(json.value) : json
  return (read.kind === 'valid' ? read.value.error : text).slice(0, quotedMax)
}

function yes(answer: Answer<string>): Answer<true> {
  return answer.kind === 'ok' ? { kind: 'ok', value: true } : answer
}

function checked<T>(answer: Answer<string>, read: (value: unknown) => ReadResult<T>): Answer<T> {
  if (answer.kind !== 'ok') return answer
  const json = readJson(answer.value)
  const result = json.kind === 'valid' ? read(json.value) : json
  return result.kind === 'valid'
    ? { kind: 'ok', value: result.value }
    : { kind: 'garbage', message: result.reason }
}

function faultOf(error: unknown, path: string): Answer<never> {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const text = `${path}: ${message ?? error}`
  const isGarbage =
    error instanceof errors.HTTPParserError || error instanceof errors.ResponseExceededMaxSizeError
  if (isGarbage) return { kind: 'garbage', message: text }
  return { kind: 'unreachable', reason: reasonOf(error, code), message: text }
}

function reasonOf(error: unknown, code: unknown): 'refused' | 'broken' | 'aborted' {
  if (code === 'ECONNREFUSED') return 'refused'
  const isAbort = error instanceof Error && error.name === 'AbortError'
  return isAbort || code === 'UND_ERR_DESTROYED' ? 'aborted' : 'broken'
}
