// The control process of a soak, under a parent that speaks IPC: `go` with how many switches to
// make, answered by `serving`; `run`, answered by `progress` each second and at last `done`; `state`
// is answered by the router's; `heap` by what is left of this process's heap; `end` ends everything.
//
// Two kinds of switches, always of a server that has requests in flight: a tenant's worker on one
// GPU instance is handed over to another, made, started and ready before, on another one; and a
// worker is given another version. Now and then a worker that has requests in flight is killed: those
// are to be answered by another one, and that is what the router's retries are of.

import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { factorOf, versionOf } from './answer.mjs'
import { openSoakNode } from './node.mjs'
import { placeOf, planOf, soakSite } from './site.mjs'

/** A hand-over is planned to take so long: until then the old worker serves in any case. */
const warmUpSeconds = 0.5
const inFlightSecondsMax = 10
const pollMs = 2

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')
let soak = null

process.on('message', (message) => {
  if (message.kind === 'go') {
    soak = new Soak(message)
    soak.start().catch(fail)
  } else if (message.kind === 'run') {
    soak.run().catch(fail)
  } else if (message.kind === 'state') {
    soak.node.router.request({ kind: 'state' }).then(({ state }) => tell({ kind: 'state', state }))
  } else if (message.kind === 'heap') {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    tell({ kind: 'heap', heapUsed, external })
  } else if (message.kind === 'end') soak.node.stop().then(() => process.exit(0), fail)
})
// Without its parent it is nobody's.
process.on('disconnect', () => void (soak?.node?.stop() ?? Promise.resolve()).finally(process.exit))
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)

function tell(message) {
  if (process.connected) process.send(message)
}

function fail(error) {
  tell({ kind: 'failed', message: error?.stack ?? String(error) })
}

class Soak {
  counts = {
    handOvers: 0,
    versionSwitches: 0,
    workersStarted: 0,
    instancesCreated: 0,
    instancesDestroyed: 0,
    plans: 0,
    /** These do not count as switches: nothing was in flight after all, */
    idle: 0,
    /** or the old one was closed before the new one served. */
    early: 0,
    /** Workers killed while they had requests, and workers that control was told had failed. */
    crashes: 0,
    workersFailed: 0,
    inFlightMin: null,
  }
  stalls = { handOver: [], version: [] }
  #options
  #pairs = []
  /** What was in flight when an instance's server was closed, until that is over. */
  #closed = new Map()
  /** The router's state that is being asked for. */
  #looking = null
  /** By instance: the name of its server, which is its worker's too. */
  #serverOf = new Map()
  /** The instance that the wish under way is about. */
  #wished = null
  /** Whether it closes a server whose successor does not serve yet. */
  #isEarly = false

  constructor(options) {
    this.#options = options
  }

  get #switches() {
    return this.counts.handOvers + this.counts.versionSwitches
  }

  async start() {
    const { stateDir, pairsOfTenant, serviceMs } = this.#options
    const command = [process.execPath, join(import.meta.dirname, 'worker.mjs')]
    const site = soakSite(pairsOfTenant, command)
    this.node = await openSoakNode({
      ...{ site, stateDir, command },
      environment: { MIGRATOR_SOAK_MS: String(serviceMs) },
      log: (level, message) => {
        if (level !== 'info') tell({ kind: 'log', message: `${level}: ${message}` })
      },
      onFact: (event) => this.#onFact(event),
      onEffect: (effect) => this.#onEffect(effect),
    })
    const { request } = this.node.router
    this.node.link.request = (asked) => this.#request(request, asked)
    this.#pairs = site.gpus.map((_, gpu) => {
      const tenant = site.tenants[gpu % site.tenants.length].id
      return { tenant, gpu, number: 0, since: 0, leaves: null, isBusy: true }
    })
    this.#plan()
    while (!this.#pairs.every((pair) => this.#isSettled(pair))) await wait(20)
    for (const pair of this.#pairs) pair.isBusy = false
    const { pid, state } = this.node.router
    const url = `http://127.0.0.1:${state.listen.port}`
    tell({ kind: 'serving', url, routerPid: pid, tenants: site.tenants.map(({ id }) => id) })
  }

  /** Once the load has come: switches until there are enough. */
  async run() {
    const { switches, crashEvery } = this.#options
    const progress = setInterval(() => tell({ kind: 'progress', ...this.#progress() }), 1000)
    while (this.#switches < switches) {
      if (this.#switches >= (this.counts.crashes + 1) * crashEvery) this.#crashOne()
      for (const pair of this.#pairs) if (!pair.isBusy) void this.#handOver(pair).catch(fail)
      this.#switchVersions()
      await wait(10)
    }
    while (this.#pairs.some(({ isBusy }) => isBusy) || this.#isSwitching()) await wait(10)
    clearInterval(progress)
    const cutOverMs = {
      handOver: spread(this.stalls.handOver),
      version: spread(this.stalls.version),
    }
    tell({ kind: 'done', ...this.#progress(), cutOverMs })
  }

  async #handOver(pair) {
    pair.isBusy = true
    const now = this.node.now()
    pair.number += 1
    pair.since = now
    pair.leaves = now + warmUpSeconds
    this.#plan()
    while (!this.#isSettled(pair)) await wait(10)
    pair.leaves = null
    pair.isBusy = false
  }

  /** Kills the worker of a pair that is at rest, if there is one, as the kernel's OOM killer would. */
  #crashOne() {
    const pair = this.#pairs.find(({ isBusy }) => !isBusy)
    const own = pair && this.node.state.instances.find((each) => this.#isServing(pair, each))
    if (own === undefined) return
    pair.isBusy = true
    this.counts.crashes += 1
    void this.#crash(pair, this.#serverOf.get(own.id)).catch(fail)
  }

  async #crash(pair, serverId) {
    await this.#awaitInFlight(this.node.router.request, serverId)
    const { process: running } = this.node.workers.list().find(({ spec }) => spec.id === serverId)
    const failed = this.counts.workersFailed
    process.kill(running.pid, 'SIGKILL')
    while (this.counts.workersFailed === failed || !this.#isSettled(pair)) await wait(10)
    pair.isBusy = false
  }

  /** As many switches of versions as hand-overs; each tenant rolls one out at a time. */
  #switchVersions() {
    for (const [index, { id, version }] of this.node.state.tenants.entries()) {
      const { handOvers, versionSwitches } = this.counts
      if (versionSwitches >= handOvers || this.#isRolling(id)) continue
      const next = versionOf(factorOf(version) + 1)
      this.node.versions[index].make(next)
      this.node.tell({ kind: 'version-withdrawn', tenant: id, version: next })
    }
  }

  #plan() {
    this.counts.plans += 1
    this.node.tell({ kind: 'plan-requested' })
    this.node.tell({ kind: 'plan-accepted', plan: planOf(this.#pairs, this.node.state) })
  }

  /** The one worker on its GPU serves, and where it should. */
  #isSettled(pair) {
    const { instances } = this.node.state
    const busy = instances.filter((own) => own.gpu === pair.gpu && own.worker !== null)
    return busy.length === 1 && this.#isServing(pair, busy[0])
  }

  #isServing({ gpu, number }, own) {
    const { profileId, start } = placeOf(number)
    const isThere = own.gpu === gpu && own.profileId === profileId && own.start === start
    return isThere && isAtWork(own.worker)
  }

  #isRolling(tenant) {
    const { version } = this.node.state.tenants.find(({ id }) => id === tenant)
    return this.node.state.instances.some(
      ({ worker }) =>
        worker?.tenant === tenant && (worker.phase === 'switching' || worker.version !== version),
    )
  }

  #isSwitching() {
    return this.node.state.tenants.some(({ id }) => this.#isRolling(id))
  }

  #onFact({ kind, instanceId }) {
    if (kind === 'worker-failed') this.counts.workersFailed += 1
    if (kind !== 'server-drained' && kind !== 'version-loaded') return
    const found = this.#closed.get(instanceId)
    this.#closed.delete(instanceId)
    if (found === undefined) return
    found.ms = performance.now() - found.fromMs
    this.#count(found)
  }

  /** A switch that is over, once it is known what was in flight. */
  #count({ isHandOver, isEarly, inFlight, ms }) {
    if (inFlight === null || ms === null) return
    const stalls = isHandOver ? this.stalls.handOver : this.stalls.version
    stalls.push(ms)
    if (isEarly) this.counts.early += 1
    else if (inFlight === 0) this.counts.idle += 1
    else {
      if (isHandOver) this.counts.handOvers += 1
      else this.counts.versionSwitches += 1
      this.counts.inFlightMin = Math.min(this.counts.inFlightMin ?? Infinity, inFlight)
    }
  }

  #onEffect(effect) {
    if (effect.kind === 'start-worker') this.counts.workersStarted += 1
    if (effect.kind === 'create-instance') this.counts.instancesCreated += 1
    if (effect.kind === 'destroy-instance') this.counts.instancesDestroyed += 1
    this.#isEarly = effect.kind === 'route-drain' && !this.#hasSuccessor(effect)
    this.#wished = effect.instanceId ?? null
    if (effect.kind === 'request-plan') setImmediate(() => this.#plan())
  }

  #hasSuccessor({ instanceId, tenant }) {
    const { instances } = this.node.state
    const { gpu } = instances.find(({ id }) => id === instanceId)
    return instances.some(
      ({ id, gpu: other, worker }) =>
        id !== instanceId && other === gpu && worker?.tenant === tenant && isAtWork(worker),
    )
  }

  /**
   * What the world says to the router. Before a server is closed it is waited for a moment in which
   * it has requests in flight; what the router says right after closing it is what counts, for from
   * then on it gets no more.
   */
  async #request(request, asked) {
    const [instanceId, isEarly] = [this.#wished, this.#isEarly]
    if (asked.kind === 'add-server') this.#serverOf.set(instanceId, asked.server.serverId)
    const isClosing = asked.kind === 'drain-server' || asked.kind === 'pause-server'
    if (!isClosing) return request(asked)
    const { serverId } = asked
    await this.#awaitInFlight(request, serverId)
    const isHandOver = asked.kind === 'drain-server'
    const own = { isHandOver, isEarly, fromMs: performance.now(), inFlight: null, ms: null }
    this.#closed.set(instanceId, own)
    const reply = request(asked)
    own.inFlight = inFlightIn(await request({ kind: 'state' }), serverId)
    this.#count(own)
    if (isHandOver) this.#serverOf.delete(instanceId)
    return reply
  }

  async #awaitInFlight(request, serverId) {
    const patience = performance.now() + 1000 * inFlightSecondsMax
    while (performance.now() < patience) {
      // One question at a time for all that wait: its answer is long.
      this.#looking ??= request({ kind: 'state' }).finally(() => {
        this.#looking = null
      })
      if (inFlightIn(await this.#looking, serverId) > 0) return
      await wait(pollMs)
    }
  }

  #progress() {
    return { counts: this.counts, switches: this.#switches }
  }
}

function isAtWork(worker) {
  return worker?.phase === 'serving' || worker?.phase === 'switching'
}

function inFlightIn({ state }, serverId) {
  return state?.servers.find(({ settings }) => settings.serverId === serverId)?.inFlight ?? 0
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { p50: at(0.5) ?? null, p99: at(0.99) ?? null, max: sorted.at(-1) ?? null }
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
