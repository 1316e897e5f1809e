import { assert } from '../../base/assert.ts'
import { TenantPlane } from '../../dataplane/tenant-plane.ts'
import { AnsweredRequests } from './answered-requests.ts'
import type { AttemptEnd, Exchange, ExchangeOwner } from './exchange.ts'
import { ExchangeTable } from './exchange-table.ts'
import { ExecutingExchanges } from './executing-exchanges.ts'
import { judgeStatus } from './judge-status.ts'
import type {
  RouterEvent,
  ServerSettings,
  ServerState,
  TenantSettings,
  TenantState,
} from './protocol.ts'
import { RoutedServer } from './routed-server.ts'
import { ServerHealth } from './server-health.ts'
import { type Outcome, TenantAccounts } from './tenant-accounts.ts'
import { TenantServers } from './tenant-servers.ts'

/** A request is sent to at most so many workers because one of them failed it. */
const attemptsMax = 2
const retrySecondsMax = 30

export type TenantRouterOptions = {
  readonly now: () => number
  readonly emit: (event: RouterEvent) => void
}

/**
 * One tenant's requests on their way: the data plane of the lab, driven by real arrivals, answers
 * and time. A batch is sent as separate requests at once, one connection each; the server is busy
 * until all of them are answered.
 */
export class TenantRouter implements ExchangeOwner {
  readonly accounts = new TenantAccounts()
  readonly answered: AnsweredRequests
  readonly servers = new TenantServers()
  readonly #exchanges = new ExchangeTable()
  readonly #executing = new ExecutingExchanges()
  readonly #health: ServerHealth
  readonly #plane: TenantPlane
  readonly #now: () => number
  readonly #emit: (event: RouterEvent) => void
  /** Handles that the plane has just given up. */
  readonly #shed: number[] = []
  #shedTimer: NodeJS.Timeout | null = null
  #settings: TenantSettings
  #closedWords: string | null = null

  constructor(settings: TenantSettings, { now, emit }: TenantRouterOptions) {
    this.#settings = settings
    this.#now = now
    this.#emit = emit
    this.answered = new AnsweredRequests(settings.feedbackMiBMax)
    this.#plane = new TenantPlane({
      sloSeconds: settings.sloSeconds,
      // The bound may change while requests wait, so it is kept here.
      queueRequestsMax: Infinity,
      onShed: (handle) => this.#shed.push(handle),
    })
    this.#health = new ServerHealth(emit, {
      onChange: (server) => this.#applyMode(server),
      othersOpen: (server) => this.servers.open().some((other) => other !== server),
    })
  }

  get settings(): TenantSettings {
    return this.#settings
  }

  get isReady(): boolean {
    return this.#closedWords === null && this.servers.open().length > 0
  }

  /** Other settings from now on, for what waits too. */
  reconfigure(settings: TenantSettings): void {
    this.#settings = settings
    this.answered.setMemory(settings.feedbackMiBMax)
    this.#plane.setSlo(settings.sloSeconds)
    this.#start(this.#now())
  }

  /** A request whose body is there, or as much of it as is ever held. */
  offer(exchange: Exchange): void {
    const now = this.#now()
    this.accounts.arrived()
    exchange.arrivalSeconds = now
    const refusal = this.#closedWords ?? this.#fullWords(now)
    if (refusal !== null) {
      this.#refuse(exchange, refusal)
      return
    }
    exchange.state = 'waiting'
    this.#plane.offer(now, this.#settings.itemsPerRequest, this.#exchanges.add(exchange))
    this.#start(now)
  }

  addServer(settings: ServerSettings): void {
    const index = this.#plane.addServer(settings.capability)
    const server = new RoutedServer(settings, index, this.#now)
    this.servers.add(server)
    this.#tell('serving', server)
    this.#start(this.#now())
  }

  /** Pauses, reopens or drains; a server that drains does so for good. */
  setWanted(server: RoutedServer, wanted: RoutedServer['wanted']): void {
    assert(server.wanted !== 'draining' || wanted === 'draining', 'A drained server stays so')
    server.wanted = wanted
    this.#applyMode(server)
    if (wanted === 'open') this.#tell('serving', server)
    else if (server.outstanding === 0) this.#told(server)
  }

  /** Forgets the server; what it executes waits for another, or has failed. */
  removeServer(server: RoutedServer): void {
    server.isRemoved = true
    this.servers.delete(server)
    this.#health.forget(server)
    server.client.close()
    this.#plane.removeServer(server.index, 'lost')
    for (const exchange of this.#executing.of(server)) {
      exchange.breakOff()
      // The worker did not fail it: it may still be tried again when one does.
      exchange.attempts -= 1
      if (isRepeatable(exchange)) this.#again(exchange)
      else this.#fail(exchange, 502, 'The instance that had the request was taken away')
    }
    this.#executing.forget(server)
    this.#start(this.#now())
  }

  /** Takes no request any more. */
  close(words: string): void {
    this.#closedWords = words
  }

  /** Several times a second: gives up workers that take too long, and idle connections. */
  sweep(): void {
    const now = this.#now()
    const { answerSecondsMax } = this.#settings
    for (const server of this.servers.all) {
      server.client.sweep()
      if (server.outstanding === 0 || now - server.batchStartSeconds < answerSecondsMax) continue
      const message = `No answer within ${answerSecondsMax} s`
      // First, so that it is not given the next batch.
      this.#health.lost(server, 'timeout', message)
      for (const exchange of this.#executing.of(server)) {
        exchange.breakOff()
        this.#fail(exchange, 504, message)
        this.#attemptDone(exchange, server)
      }
    }
  }

  /** Once a second: what happened in it. */
  report(fromSeconds: number, toSeconds: number): void {
    const span = this.accounts.take()
    const queued = this.#plane.queued
    const { tenant } = this.#settings
    if (span !== null) {
      this.#emit({ kind: 'counts', tenant, fromSeconds, toSeconds, ...span, queued })
    }
    for (const server of this.servers.all) {
      const times = server.takeBatchTimes()
      if (times !== null) this.#emit(times)
    }
  }

  state(): TenantState {
    return {
      settings: this.#settings,
      ...this.accounts.totals(),
      held: this.accounts.held,
      queued: this.#plane.queued,
      awaitingFeedback: this.answered.size,
    }
  }

  serverStates(): readonly ServerState[] {
    return this.servers.all.map((server) => server.state())
  }

  /** Gives up what executes and what waits, and ends timers and connections. */
  destroy(words: string): void {
    for (const server of this.servers.all) this.removeServer(server)
    for (const exchange of this.#exchanges.waiting()) {
      this.#plane.withdraw(exchange.handle)
      this.#refuse(exchange, words)
    }
    if (this.#shedTimer !== null) clearTimeout(this.#shedTimer)
  }

  onAttemptEnd(exchange: Exchange, end: AttemptEnd): void {
    const server = exchange.server
    assert(server !== null, 'An attempt ends at a server')
    if (end.kind === 'answered') this.#answered(exchange, server, end)
    else if (end.kind === 'garbage') {
      this.#fail(exchange, 502, end.message)
      this.#health.bad(server, 'garbage', end.message)
    } else {
      const { kind, message } = end.failure
      this.#health.lost(server, kind === 'unreachable' ? 'unreachable' : 'closed', message)
      if (isRepeatable(exchange) && exchange.attempts < attemptsMax) this.#again(exchange)
      else this.#fail(exchange, 502, message)
    }
    this.#attemptDone(exchange, server)
    if (end.kind === 'lost') this.#start(this.#now())
  }

  onUploadFailed(exchange: Exchange, status: number, message: string): void {
    this.#takeBack(exchange, 'invalid', { status, message })
  }

  onAbandoned(exchange: Exchange): void {
    // The worker is busy with it either way, and says when it is free.
    if (exchange.state === 'executing' && exchange.isAtHand) return
    this.#takeBack(exchange, 'abandoned', { status: 499, message: 'The client left' })
  }

  /** Through its client's fault it will not be answered. */
  #takeBack(
    exchange: Exchange,
    outcome: 'invalid' | 'abandoned',
    { status, message }: { readonly status: number; readonly message: string },
  ): void {
    const { state, server } = exchange
    if (state === 'waiting') this.#plane.withdraw(exchange.handle)
    exchange.breakOff()
    if (state !== 'receiving') this.#settle(exchange, outcome)
    exchange.refuse(status, message)
    if (state !== 'executing' || server === null) return
    server.isBatchClean = false
    this.#attemptDone(exchange, server)
  }

  #answered(
    exchange: Exchange,
    server: RoutedServer,
    { head, body }: Extract<AttemptEnd, { kind: 'answered' }>,
  ): void {
    const judgement = judgeStatus(head, body)
    if (judgement.kind === 'bad') {
      this.#fail(exchange, 502, judgement.message)
      this.#health.bad(server, judgement.reason, judgement.message)
      return
    }
    // The client first; `answer` lets go of the request's body.
    const { isAbandoned, body: request } = exchange
    const isInTime = this.#now() - exchange.arrivalSeconds <= this.#settings.sloSeconds + 1e-9
    exchange.answer(head, body)
    this.#health.good(server)
    if (judgement.kind === 'invalid') server.isBatchClean = false
    if (isAbandoned) this.#settle(exchange, 'abandoned')
    else if (judgement.kind === 'invalid') this.#settle(exchange, 'invalid')
    else {
      this.#settle(exchange, isInTime ? 'inTime' : 'late')
      this.#remember(exchange, request, body)
    }
  }

  #remember(exchange: Exchange, request: Buffer | null, answer: Buffer | null): void {
    const { requestId, arrivalSeconds: arrivedAtSeconds, version, server } = exchange
    if (server === null || version === null) return
    const { serverId } = server.settings
    const answered = { requestId, serverId, version, arrivedAtSeconds }
    this.answered.add(answered, this.#settings.keepsInputs ? request : null, answer)
  }

  /** Cuts batches for idle servers until none can take one. */
  #start(now: number): void {
    const plane = this.#plane
    for (;;) {
      const index = plane.cut(now)
      if (this.#shed.length > 0) this.#settleShed()
      if (index < 0) break
      const { handles, count, items } = plane.batchOf(index)
      const server = this.servers.at(index)
      server.begin(count, { items, estimateSeconds: plane.estimateSeconds(index), now })
      for (let p = 0; p < count; p += 1) {
        const exchange = this.#exchanges.at(handles[p] as number)
        this.#executing.add(server, exchange)
        exchange.execute(server)
      }
    }
    if (plane.queued > 0 && this.#shedTimer === null) this.#armShedTimer(now)
  }

  /** One answer of a server's batch is there, or will never be. */
  #attemptDone(exchange: Exchange, server: RoutedServer): void {
    this.#executing.delete(server, exchange)
    if (server.isRemoved) return
    server.outstanding -= 1
    if (server.outstanding > 0) return
    const now = this.#now()
    this.#plane.complete(server.index, now)
    server.countBatch(now)
    if (server.wanted !== 'open') this.#told(server)
    this.#start(now)
  }

  /** To wait for another server, by its first arrival. */
  #again(exchange: Exchange): void {
    this.accounts.retried()
    if (exchange.server !== null) exchange.server.isBatchClean = false
    exchange.state = 'waiting'
    exchange.server = null
    const { itemsPerRequest } = this.#settings
    this.#plane.offerAgain(exchange.arrivalSeconds, itemsPerRequest, exchange.handle)
  }

  #armShedTimer(now: number): void {
    const at = this.#plane.hopelessAtSeconds(this.#settings.itemsPerRequest)
    if (at === Infinity) return
    this.#shedTimer = setTimeout(
      () => {
        this.#shedTimer = null
        this.#plane.shedHopeless(this.#now())
        this.#settleShed()
        this.#start(this.#now())
      },
      Math.max(1, Math.min(Math.ceil(1000 * (at - now)), 60_000)),
    )
  }

  #settleShed(): void {
    for (const handle of this.#shed.splice(0)) {
      const exchange = this.#exchanges.at(handle)
      if (exchange.attempts > 0) {
        this.#fail(exchange, 503, 'Its worker failed, and no other can answer in time')
      } else {
        this.#settle(exchange, 'shed')
        const words = this.isReady ? 'in time' : 'because none is ready'
        exchange.refuse(503, `No instance can answer ${words}`, this.#retryAfterSeconds())
      }
    }
  }

  #refuse(exchange: Exchange, words: string): void {
    this.#settle(exchange, 'refused')
    exchange.refuse(503, words, this.#retryAfterSeconds())
  }

  #fail(exchange: Exchange, status: number, message: string): void {
    if (exchange.server !== null) exchange.server.isBatchClean = false
    this.#settle(exchange, exchange.isAbandoned ? 'abandoned' : 'failed')
    exchange.refuse(status, message)
  }

  #settle(exchange: Exchange, outcome: Outcome): void {
    const isAnswer = outcome === 'inTime' || outcome === 'late'
    const seconds = isAnswer ? this.#now() - exchange.arrivalSeconds : null
    this.accounts.settled(outcome, exchange.version, seconds)
    this.#exchanges.remove(exchange)
  }

  /** Why the queue takes no more, or null. */
  #fullWords(now: number): string | null {
    const { queueRequestsMax } = this.#settings
    if (this.#plane.queued < queueRequestsMax) return null
    this.#plane.shedHopeless(now)
    this.#settleShed()
    if (this.#plane.queued < queueRequestsMax) return null
    return `${queueRequestsMax} requests wait already`
  }

  /** Whole seconds, as the header has it: until what waits could be answered. */
  #retryAfterSeconds(): number {
    const rate = this.servers
      .open()
      .reduce((sum, { settings }) => sum + settings.capability.capacityItemsPerSecond, 0)
    const seconds = (this.#plane.queued * this.#settings.itemsPerRequest) / rate
    return Math.min(retrySecondsMax, Math.max(1, Math.ceil(rate === 0 ? 1 : seconds)))
  }

  #applyMode(server: RoutedServer): void {
    if (server.isRemoved) return
    const { wanted, isFailed } = server
    const mode = wanted === 'open' && isFailed ? 'paused' : wanted
    this.#plane.setMode(server.index, mode)
    this.#start(this.#now())
  }

  #told(server: RoutedServer): void {
    if (server.wanted === 'draining') this.#tell('drained', server)
    else if (server.wanted === 'paused') this.#tell('paused', server)
  }

  #tell(kind: 'serving' | 'drained' | 'paused', { settings }: RoutedServer): void {
    this.#emit({ kind, tenant: settings.tenant, serverId: settings.serverId })
  }
}

function isRepeatable({ isAtHand, isAbandoned }: Exchange): boolean {
  return isAtHand && !isAbandoned
}
