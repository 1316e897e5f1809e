import type { BufferBudget } from './buffer-budget.ts'
import type { ClientListener, ClientRequest } from './client-request.ts'
import type { RouterEvent } from './protocol.ts'
import { feedbackBytesMax, takeFeedback } from './take-feedback.ts'
import type { TenantRouter } from './tenant-router.ts'
import { Upload, type UploadListener } from './upload.ts'

const limits = { bodyBytesMax: feedbackBytesMax, bufferBytesMax: feedbackBytesMax }

export type FeedbackOptions = {
  readonly tenant: TenantRouter
  readonly budget: BufferBudget
  readonly now: () => number
  readonly emit: (event: RouterEvent) => void
}

/** A request that brings feedback: its body is taken in whole, and answered at once. */
export class FeedbackUpload implements ClientListener, UploadListener {
  readonly #request: ClientRequest
  readonly #options: FeedbackOptions
  readonly #upload: Upload

  constructor(request: ClientRequest, options: FeedbackOptions) {
    this.#request = request
    this.#options = options
    const { budget, now } = options
    this.#upload = new Upload(request, { limits, budget, now, listener: this })
    request.listener = this
    if ((request.head.bodyBytes ?? 0) > feedbackBytesMax) this.onTooLarge()
  }

  onRequestBody(bytes: Buffer): void {
    this.#upload.take(bytes)
  }

  onRequestEnd(): void {
    this.#upload.end()
  }

  onClientDrain(): void {}

  onClientClosed(): void {
    this.#upload.close()
  }

  sweep(): void {}

  onBuffered(body: Buffer): void {
    const { tenant, now, emit } = this.#options
    const { status, value, event } = takeFeedback(tenant, body, now())
    this.#upload.close()
    if (event !== null) emit(event)
    this.#request.answerJson(status, value)
  }

  onLarge(): void {
    this.onTooLarge()
  }

  onTooLarge(): void {
    this.#refuse(413, `Feedback has at most ${feedbackBytesMax} bytes`)
  }

  onNoMemory(): void {
    this.#refuse(503, 'The router holds as many bodies as it may')
  }

  #refuse(status: number, error: string): void {
    this.#upload.close()
    this.#request.answerJson(status, { error })
  }
}
