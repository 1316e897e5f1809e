import type { Rng } from '../base/rng.ts'
import type { Router } from '../core/policy.ts'
import type { ArrivalSeries } from '../core/workload/arrival-series.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import type { ServerMode } from '../dataplane/server-pool.ts'
import { TenantPlane } from '../dataplane/tenant-plane.ts'
import { DurationHistogram } from '../observe/histogram.ts'
import type { ServerWork } from '../outlook/service-speed.ts'
import { ArrivalSource, meanItems } from './arrival-source.ts'
import { batchNoise } from './service-noise.ts'

/** Seconds that a batch truly takes, from the profile's estimate for it and its items. */
export type ServiceSampler = (estimateSeconds: number, items: number, rng: Rng) => number

export type EngineTenant = {
  readonly id: string
  /** Infinity = no deadline. */
  readonly sloSeconds: number
  /** How many requests may wait; Infinity = no limit. */
  readonly queueRequestsMax: number
  /** Absent: late binding. */
  readonly router?: Router | undefined
  readonly arrivals: ArrivalSeries
  /** Default: the estimate with `batchNoise`. The server's true scale comes on top of either. */
  readonly serviceSeconds?: ServiceSampler
}

/** Sums per second of the run. */
export type PerSecond = {
  readonly arrived: Float64Array
  /** Answers in time, by the second their request arrived in: never more than arrived. */
  readonly inTime: Float64Array
  /** Their servers' accuracy, summed. */
  readonly accuracySum: Float64Array
  /** Mean capacity, by the profiles, of the servers that took work. */
  readonly capacityRps: Float64Array
}

/**
 * One tenant's events. Tenants meet only in control (who gets which server), so between two
 * control instants each runs alone, over a handful of typed arrays: the next arrival, and the next
 * completion of each server. Of events at one instant completions come first, the lower server
 * index before the higher, then the arrival.
 */
export class TenantLoop {
  readonly plane: TenantPlane
  readonly latency = new DurationHistogram()
  readonly perSecond: PerSecond
  /** Sum over answers in time of the accuracy their server had at that moment. */
  accuracySum = 0
  readonly #source: ArrivalSource
  readonly #serviceRng: Rng
  readonly #serviceSeconds: ServiceSampler | null
  readonly #itemsPerRequest: number
  readonly #lastSecond: number
  #completionAt: Float64Array = new Float64Array(8).fill(Infinity)
  /** Execution time of each server's batches so far, by the profile and in truth. */
  readonly #estimatedSeconds: number[] = []
  readonly #executedSeconds: number[] = []
  readonly #trueScale: number[] = []
  readonly #accuracy: number[] = []
  readonly #capacityRps: number[] = []
  /** One more than the highest server index so far. */
  #indices = 0
  #firstCompletionAt = Infinity
  #firstCompletion = -1
  #capacityNowRps = 0
  #capacitySince = 0

  constructor(tenant: EngineTenant, rng: Rng, durationSeconds: number) {
    const { id, sloSeconds, queueRequestsMax, router, arrivals, serviceSeconds } = tenant
    this.plane = new TenantPlane({ sloSeconds, queueRequestsMax, router })
    this.#source = new ArrivalSource(arrivals, rng.split(`arrivals/${id}`), durationSeconds)
    this.#serviceRng = rng.split(`service/${id}`)
    this.#serviceSeconds = serviceSeconds ?? null
    this.#itemsPerRequest = meanItems(arrivals)
    const seconds = Math.ceil(durationSeconds)
    this.#lastSecond = seconds - 1
    this.perSecond = {
      arrived: new Float64Array(seconds),
      inTime: new Float64Array(seconds),
      accuracySum: new Float64Array(seconds),
      capacityRps: new Float64Array(seconds),
    }
  }

  /** Every arrival and completion up to and including `untilSeconds`. */
  advance(untilSeconds: number): void {
    const source = this.#source
    for (;;) {
      const arrivalAt = source.nextSeconds
      const completionAt = this.#firstCompletionAt
      if (completionAt <= arrivalAt) {
        if (completionAt > untilSeconds || completionAt === Infinity) return
        this.#complete(completionAt)
        this.#start(completionAt)
      } else {
        if (arrivalAt > untilSeconds) return
        this.#arrive(arrivalAt)
      }
    }
  }

  addServer(server: NewServer, nowSeconds: number): number {
    this.#accrueCapacity(nowSeconds)
    const index = this.plane.addServer(server.capability)
    if (index >= this.#completionAt.length) {
      const grown = new Float64Array(2 * this.#completionAt.length).fill(Infinity)
      grown.set(this.#completionAt)
      this.#completionAt = grown
    }
    this.#indices = Math.max(this.#indices, index + 1)
    this.#estimatedSeconds[index] = 0
    this.#executedSeconds[index] = 0
    this.#trueScale[index] = server.trueScale
    this.#accuracy[index] = server.accuracy
    this.#capacityRps[index] = server.capability.capacityItemsPerSecond / this.#itemsPerRequest
    this.#capacityChanged()
    this.#start(nowSeconds)
    return index
  }

  setMode(index: number, mode: ServerMode, nowSeconds: number): void {
    this.#accrueCapacity(nowSeconds)
    this.plane.setMode(index, mode)
    this.#capacityChanged()
    this.#start(nowSeconds)
  }

  removeServer(index: number, fate: 'lost' | 'failed', nowSeconds: number): void {
    this.#accrueCapacity(nowSeconds)
    this.plane.removeServer(index, fate)
    this.#completionAt[index] = Infinity
    this.#findFirstCompletion()
    this.#capacityChanged()
  }

  setAccuracy(index: number, accuracy: number): void {
    this.#accuracy[index] = accuracy
  }

  setScale(index: number, trueScale: number): void {
    this.#trueScale[index] = trueScale
  }

  /** How long its batches took so far, which a router would measure too. */
  workOf(index: number): ServerWork {
    return {
      estimatedSeconds: this.#estimatedSeconds[index] as number,
      executedSeconds: this.#executedSeconds[index] as number,
    }
  }

  /** When a draining server will have finished: its batch's completion, or now. */
  drainedAt(index: number, nowSeconds: number): number {
    return this.plane.isDrained(index) ? nowSeconds : (this.#completionAt[index] as number)
  }

  /** No more arrivals: the queue drains through the servers there are, and what is left is lost. */
  finish(nowSeconds: number): void {
    this.#accrueCapacity(nowSeconds)
    this.#source.stop()
    this.advance(Infinity)
    this.plane.close()
  }

  #arrive(nowSeconds: number): void {
    const second = nowSeconds | 0
    const { arrived } = this.perSecond
    arrived[second] = (arrived[second] as number) + 1
    this.plane.offer(nowSeconds, this.#source.nextItems, 0)
    if (this.plane.available > 0) this.#start(nowSeconds)
    this.#source.advance()
  }

  /** Cuts batches for idle servers until none can take one. */
  #start(nowSeconds: number): void {
    for (;;) {
      const server = this.plane.cut(nowSeconds)
      if (server < 0) return
      const at = nowSeconds + this.#trueSeconds(server)
      this.#completionAt[server] = at
      const first = this.#firstCompletionAt
      if (at < first || (at === first && server < this.#firstCompletion)) {
        this.#firstCompletionAt = at
        this.#firstCompletion = server
      }
    }
  }

  #trueSeconds(server: number): number {
    const estimate = this.plane.estimateSeconds(server)
    const seconds = (this.#trueScale[server] as number) * this.#drawSeconds(server, estimate)
    this.#estimatedSeconds[server] = (this.#estimatedSeconds[server] as number) + estimate
    this.#executedSeconds[server] = (this.#executedSeconds[server] as number) + seconds
    return seconds
  }

  #drawSeconds(server: number, estimate: number): number {
    if (this.#serviceSeconds === null) return estimate * batchNoise(this.#serviceRng)
    const { items } = this.plane.batchOf(server)
    return this.#serviceSeconds(estimate, items, this.#serviceRng)
  }

  #complete(nowSeconds: number): void {
    const server = this.#firstCompletion
    const { arrivalSeconds, count } = this.plane.batchOf(server)
    const inTime = this.plane.complete(server, nowSeconds)
    const { latency, perSecond } = this
    const accuracy = this.#accuracy[server] as number
    const late = count - inTime
    for (let p = 0; p < count; p += 1) {
      const at = arrivalSeconds[p] as number
      latency.add(nowSeconds - at)
      if (p < late) continue
      const second = at | 0
      perSecond.inTime[second] = (perSecond.inTime[second] as number) + 1
      perSecond.accuracySum[second] = (perSecond.accuracySum[second] as number) + accuracy
    }
    this.accuracySum += inTime * accuracy
    this.#completionAt[server] = Infinity
    this.#findFirstCompletion()
  }

  #findFirstCompletion(): void {
    const completionAt = this.#completionAt
    let first = Infinity
    let server = -1
    for (let index = 0; index < this.#indices; index += 1) {
      const at = completionAt[index] as number
      if (at < first) {
        first = at
        server = index
      }
    }
    this.#firstCompletionAt = first
    this.#firstCompletion = server
  }

  #capacityChanged(): void {
    const open = this.plane.servers.filter((index) => this.plane.modeOf(index) === 'open')
    this.#capacityNowRps = open.reduce((sum, index) => sum + (this.#capacityRps[index] ?? 0), 0)
  }

  /** Spreads the capacity since the last change over the seconds it was there. */
  #accrueCapacity(nowSeconds: number): void {
    const until = Math.min(nowSeconds, this.#lastSecond + 1)
    let from = this.#capacitySince
    while (from < until) {
      const second = Math.floor(from)
      const to = Math.min(second + 1, until)
      const { capacityRps } = this.perSecond
      capacityRps[second] = (capacityRps[second] ?? 0) + (to - from) * this.#capacityNowRps
      from = to
    }
    this.#capacitySince = nowSeconds
  }
}

export type NewServer = {
  readonly capability: ServingCapability
  /** True execution time over the profile's estimate: what no router and no planner knows. */
  readonly trueScale: number
  /** Accuracy of the version it serves, on the data of the moment. */
  readonly accuracy: number
}
