import type { InferRequest, InferResponse, ModelMetadata, ServerMetadata } from './protocol.ts'

/** What came of a question to a worker; a fault is an answer, never an exception. */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** It answered with an error of the protocol. */
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
  readonly close: () => Promise<void>
}
