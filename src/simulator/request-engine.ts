import { assert, must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { RequestCounts } from '../dataplane/request-counts.ts'
import type { DurationHistogram } from '../observe/histogram.ts'
import type { ServerWork } from '../outlook/service-speed.ts'
import { type EngineTenant, type NewServer, type PerSecond, TenantLoop } from './tenant-loop.ts'

/** Enough for seconds of any rate here: what waits longer than its SLO is shed before. */
export const queueRequestsMaxDefault = 1 << 17

export type AdvanceResult =
  | { readonly kind: 'reached' }
  /** Control has something to do first: this server finished what it had. */
  | { readonly kind: 'drained'; readonly server: number; readonly atSeconds: number }

/** Views on one tenant's accounts; they go on changing as the engine advances. */
export type TenantAccounts = {
  readonly counts: Readonly<RequestCounts>
  /** `accuracySum / arrived` is the tenant's Goodput: SLO attainment x accuracy, exactly. */
  readonly accuracySum: number
  /** Of all answers, in time or late. */
  readonly latency: DurationHistogram
  readonly perSecond: PerSecond
}

type Server = { readonly tenant: number; readonly index: number; isDrainAwaited: boolean }

/**
 * The lab's request path: arrivals, the data plane, and executions by the truth. It knows tenants
 * and servers, not GPUs; whoever drives it says when a server comes, goes or changes. Arrivals
 * depend on the seed and the tenant's id alone, so every policy meets the same requests.
 *
 * Events at one instant have one order: completions, then arrivals (each by tenant, then server),
 * then control, that is what is called after `advance` returned. Time and memory do not depend on
 * how many requests there were, apart from what waits.
 */
export class RequestEngine {
  readonly durationSeconds: number
  readonly #loops: readonly TenantLoop[]
  readonly #servers = new Map<number, Server>()
  #serversMade = 0
  #awaited = 0
  #nowSeconds = 0
  #isFinished = false

  constructor(options: {
    readonly tenants: readonly EngineTenant[]
    readonly durationSeconds: number
    readonly rng: Rng
  }) {
    const { tenants, durationSeconds, rng } = options
    assert(durationSeconds > 0 && durationSeconds < 2 ** 31, `A run of ${durationSeconds} s`)
    assert(new Set(tenants.map(({ id }) => id)).size === tenants.length, 'Tenants share an id')
    this.durationSeconds = durationSeconds
    this.#loops = tenants.map((tenant) => new TenantLoop(tenant, rng, durationSeconds))
  }

  get nowSeconds(): number {
    return this.#nowSeconds
  }

  /** A server that takes work from now on. Answers its id, which is never used again. */
  addServer(server: NewServer & { readonly tenant: number }): number {
    const index = this.#loopOf(server.tenant).addServer(server, this.#nowSeconds)
    const id = this.#serversMade
    this.#serversMade += 1
    this.#servers.set(id, { tenant: server.tenant, index, isDrainAwaited: false })
    return id
  }

  /** It takes no new batch; `advance` says when it has finished what it has. */
  drainServer(id: number): void {
    const server = this.#serverOf(id)
    if (!server.isDrainAwaited) this.#awaited += 1
    server.isDrainAwaited = true
    this.#loopOf(server.tenant).setMode(server.index, 'draining', this.#nowSeconds)
  }

  /** It takes no new batch until it is resumed: a cut-over, or a version swap. */
  pauseServer(id: number): void {
    const server = this.#serverOf(id)
    this.#loopOf(server.tenant).setMode(server.index, 'paused', this.#nowSeconds)
  }

  resumeServer(id: number): void {
    const server = this.#serverOf(id)
    this.#loopOf(server.tenant).setMode(server.index, 'open', this.#nowSeconds)
  }

  /** It is gone. Requests in its batch are lost; of a drained server there are none. */
  removeServer(id: number): void {
    this.#takeOut(id, 'lost')
  }

  /** It broke: requests in its batch have failed. */
  failServer(id: number): void {
    this.#takeOut(id, 'failed')
  }

  setServerAccuracy(id: number, accuracy: number): void {
    const server = this.#serverOf(id)
    this.#loopOf(server.tenant).setAccuracy(server.index, accuracy)
  }

  /** Batches from now on take this much longer than the profile says. */
  setServerScale(id: number, trueScale: number): void {
    const server = this.#serverOf(id)
    this.#loopOf(server.tenant).setScale(server.index, trueScale)
  }

  /** Requests that the server executes: 0 = it is idle. */
  outstandingOf(id: number): number {
    const server = this.#serverOf(id)
    return this.#loopOf(server.tenant).plane.batchOf(server.index).count
  }

  /** How long its batches took so far, against what the profile said. */
  workOf(id: number): ServerWork {
    const server = this.#serverOf(id)
    return this.#loopOf(server.tenant).workOf(server.index)
  }

  queuedOf(tenant: number): number {
    return this.#loopOf(tenant).plane.queued
  }

  /** Runs up to and including `untilSeconds`, or to the first moment a draining server is empty. */
  advance(untilSeconds: number): AdvanceResult {
    assert(untilSeconds >= this.#nowSeconds, `Cannot go back to ${untilSeconds} s`)
    assert(!this.#isFinished, 'Cannot advance: the run is finished')
    const drained = this.#awaited === 0 ? null : this.#firstDrained(untilSeconds)
    const stopSeconds = drained === null ? untilSeconds : drained.atSeconds
    for (const loop of this.#loops) loop.advance(stopSeconds)
    this.#nowSeconds = stopSeconds
    if (drained === null) return { kind: 'reached' }
    this.#serverOf(drained.server).isDrainAwaited = false
    this.#awaited -= 1
    return { kind: 'drained', ...drained }
  }

  /** The end of the run: arrivals stop, queues drain, what remains is lost. Call it at the end. */
  finish(): void {
    assert(!this.#isFinished, 'The run is finished')
    assert(this.#nowSeconds === this.durationSeconds, 'A run is finished at its end')
    this.#isFinished = true
    for (const loop of this.#loops) loop.finish(this.#nowSeconds)
  }

  accountsOf(tenant: number): TenantAccounts {
    const { plane, accuracySum, latency, perSecond } = this.#loopOf(tenant)
    return { counts: plane.counts, accuracySum, latency, perSecond }
  }

  #firstDrained(untilSeconds: number): { server: number; atSeconds: number } | null {
    let first: { server: number; atSeconds: number } | null = null
    for (const [id, { tenant, index, isDrainAwaited }] of this.#servers) {
      if (!isDrainAwaited) continue
      const atSeconds = this.#loopOf(tenant).drainedAt(index, this.#nowSeconds)
      if (atSeconds > untilSeconds) continue
      if (first === null || atSeconds < first.atSeconds) first = { server: id, atSeconds }
    }
    return first
  }

  #takeOut(id: number, fate: 'lost' | 'failed'): void {
    const server = this.#serverOf(id)
    if (server.isDrainAwaited) this.#awaited -= 1
    this.#loopOf(server.tenant).removeServer(server.index, fate, this.#nowSeconds)
    this.#servers.delete(id)
  }

  #serverOf(id: number): Server {
    return must(this.#servers.get(id), `There is no server ${id}`)
  }

  #loopOf(tenant: number): TenantLoop {
    return must(this.#loops[tenant], `There is no tenant ${tenant}`)
  }
}
