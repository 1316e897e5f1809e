import type { RouterEvent, ServerSettings, ServerState } from './protocol.ts'
import { WorkerClient } from './worker-client.ts'

type BatchTimes = { batches: number; seconds: number; estimatedSeconds: number }

/** One worker as its tenant's router sees it. */
export class RoutedServer {
  readonly settings: ServerSettings
  readonly client: WorkerClient
  /** How the head of an inference begins. */
  readonly inferLine: string
  /** Its place in the tenant's plane. */
  readonly index: number
  version: string
  /** What the daemon wishes; a failed one is paused whatever it wishes. */
  wanted: 'open' | 'paused' | 'draining' = 'open'
  isFailed = false
  isRemoved = false
  /** Answers still to come of the batch it executes. */
  outstanding = 0
  batchStartSeconds = 0
  /** All answers of the batch so far are good: only then is its time one of the profile's. */
  isBatchClean = true
  /** Answers in a row that were no use. */
  badInRow = 0
  #batchItems = 0
  #batchEstimateSeconds = 0
  #times = new Map<number, BatchTimes>()

  constructor(settings: ServerSettings, index: number, now: () => number) {
    this.settings = settings
    this.index = index
    this.version = settings.version
    this.client = new WorkerClient(settings.url, now)
    const model = settings.model ?? settings.tenant
    this.inferLine = this.client.requestLine('POST', `/v2/models/${model}/infer`)
  }

  get mode(): ServerState['mode'] {
    if (this.wanted === 'draining') return this.outstanding === 0 ? 'drained' : 'draining'
    return this.isFailed ? 'failed' : this.wanted
  }

  state(): ServerState {
    const settings = { ...this.settings, version: this.version }
    return { settings, mode: this.mode, inFlight: this.outstanding }
  }

  begin(
    requests: number,
    batch: { readonly items: number; readonly estimateSeconds: number; readonly now: number },
  ): void {
    this.outstanding = requests
    this.batchStartSeconds = batch.now
    this.#batchItems = batch.items
    this.#batchEstimateSeconds = batch.estimateSeconds
    this.isBatchClean = true
  }

  countBatch(nowSeconds: number): void {
    if (!this.isBatchClean) return
    const known = this.#times.get(this.#batchItems)
    const times = known ?? { batches: 0, seconds: 0, estimatedSeconds: 0 }
    times.batches += 1
    times.seconds += nowSeconds - this.batchStartSeconds
    times.estimatedSeconds += this.#batchEstimateSeconds
    if (known === undefined) this.#times.set(this.#batchItems, times)
  }

  /** Executions since the last time; null when there were none. */
  takeBatchTimes(): RouterEvent | null {
    if (this.#times.size === 0) return null
    const times = this.#times
    this.#times = new Map()
    const { serverId, tenant } = this.settings
    const sizes = [...times].map(([items, sums]) => ({ items, ...sums }))
    return { kind: 'batch-times', tenant, serverId, version: this.version, sizes }
  }
}
