import { assert, must } from '../base/assert.ts'
import type { Effect, PlanReason } from '../control/effects.ts'
import type { ExecutorEvent } from '../control/events.ts'
import { advance } from '../control/executor.ts'
import { type ExecutorState, initialState } from '../control/executor-state.ts'
import { instanceMemoryOf } from '../control/instance-memory.ts'
import { type SafetyModel, safetyModel, watchEffect, watchEvent } from '../control/safety.ts'
import { breachesAtRest } from '../control/safety-takeovers.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import { siteUnder } from '../core/mps/share-site.ts'
import type { DecisionEpoch, Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import { memoryNeedOf } from '../core/workload/memory-need.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import { headline } from '../observe/goodput.ts'
import type { RunResult } from '../observe/run-result.ts'
import { DeviationWatch } from '../outlook/deviation-watch.ts'
import { ServiceSpeed } from '../outlook/service-speed.ts'
import { Agenda } from './agenda.ts'
import { answeredBefore } from './answered-before.ts'
import { Foresight } from './foresight.ts'
import { type AnsweredSecond, LabelBook } from './label-book.ts'
import { LoadWatch } from './load-watch.ts'
import { PlanningDesk } from './planning-desk.ts'
import { queueRequestsMaxDefault, RequestEngine } from './request-engine.ts'
import { runBound } from './run-bound.ts'
import { serviceTables } from './service-tables.ts'
import { SpanRecorder } from './span-recorder.ts'
import { summariseRun } from './summarise-run.ts'
import { drawTruth, type Truth } from './truth.ts'
import { Versions } from './versions.ts'
import { type Action, World } from './world.ts'

/** A GPU instance that dies: whichever covers that memory slice then, if any. */
export type Fault = {
  readonly atSeconds: number
  readonly gpu: number
  readonly slice: number
  /** When its placement can be used again; null = never. */
  readonly recoversSeconds: number | null
}

/** From then on so many destroys on that GPU are refused: something still uses the instance. */
export type Refusals = { readonly atSeconds: number; readonly gpu: number; readonly times: number }

export type SimulateOptions = {
  readonly site: Site
  readonly policy: Policy
  readonly seed: number
  /** Simulated seconds so far, about once a simulated second. */
  readonly onProgress?: (seconds: number) => void
  readonly faults?: readonly Fault[]
  readonly refusals?: readonly Refusals[]
  /** `serviceTables(site)`, where another run has made them; policies by MIG use them. */
  readonly services?: readonly ServiceTable[]
  /** Of the true interference between shares (core/mps/interference.ts), to see what it matters. */
  readonly interferenceSlope?: number
  /** Wall-clock seconds, for the result's timings; without it they are 0. */
  readonly clock?: () => number
}

/**
 * One run of one policy in the lab, on a virtual clock: every request goes through the data plane,
 * every change through the executor. The same options give the same result, but for its timings.
 */
export function simulate(options: SimulateOptions): RunResult {
  return new LabRun(options).run()
}

const epochOf = {
  'retraining-done': 'retraining-done',
  overrun: 'deviation',
  failure: 'failure',
} as const satisfies Record<PlanReason, DecisionEpoch>

/** More than what is possible is a bug, of the lab or of the bound. Nothing is clipped. */
export function assertBounded(result: RunResult): void {
  const { policy, seed, bound } = result
  const { goodput } = headline(result)
  const told = `${policy} has Goodput ${goodput} with seed ${seed}, the bound is ${bound}`
  assert(goodput <= bound + 1e-9, told)
}

class LabRun {
  readonly #options: SimulateOptions
  /** As the policy's mechanism has it. */
  readonly #site: Site
  readonly #durationSeconds: number
  readonly #truth: Truth
  readonly #versions: Versions
  readonly #book: LabelBook
  readonly #engine: RequestEngine
  readonly #agenda = new Agenda<Action>()
  readonly #world: World
  readonly #foresight: Foresight
  readonly #desk: PlanningDesk
  readonly #watch: DeviationWatch
  readonly #loadWatch: LoadWatch
  readonly #recorder = new SpanRecorder()
  readonly #clock: () => number
  readonly #done: number[]
  readonly #deployed: number[]
  readonly #rejected: number[]
  /** [tenant][second], as of the second's end. */
  readonly #deployedVersions: string[][]
  readonly #deployedAccuracy: number[][]
  #state: ExecutorState
  #safety: SafetyModel

  constructor(options: SimulateOptions) {
    const { policy, seed } = options
    const site = siteUnder(policy.mechanism, options.site)
    this.#options = options
    this.#site = site
    this.#durationSeconds = must(site.simulation).durationSeconds
    this.#clock = options.clock ?? (() => 0)
    this.#truth = drawTruth(site, seed)
    const { rng } = this.#truth
    this.#versions = new Versions(site, rng.split('versions'))
    this.#book = new LabelBook(site, this.#versions, rng.split('labels'))
    this.#engine = this.#makeEngine()
    const models = site.gpus.map(({ model }) => model)
    const tenants = options.site.tenants.map((tenant, i) => ({
      id: tenant.id,
      version: this.#versions.initialOf(i),
      memory: memoryNeedOf(options.site, tenant),
    }))
    const handover = policy.handover ?? 'break-first'
    const instanceMemory = instanceMemoryOf(site)
    this.#state = initialState(models, tenants, handover, {
      cutOverSeconds: site.costs.cutOverSeconds,
      instanceMemory,
    })
    const memory = new Map(tenants.map((own) => [own.id, own.memory]))
    this.#safety = safetyModel(models, { handover, memory, instanceMemory })
    const common = {
      site,
      truth: this.#truth,
      versions: this.#versions,
      book: this.#book,
      speed: new ServiceSpeed(site.tenants.length, site.classes.length),
      agenda: this.#agenda,
      deliver: (event: ExecutorEvent) => this.#deliver(event),
      stateNow: () => this.#state,
    }
    this.#world = new World({
      ...common,
      engine: this.#engine,
      interferenceSlope: options.interferenceSlope,
    })
    this.#foresight = new Foresight({
      ...common,
      services: (site === options.site && options.services) || serviceTables(site),
      information: policy.information,
      rng: rng.split('foresight'),
    })
    this.#watch = new DeviationWatch(site, rng.split('deviation'))
    this.#loadWatch = new LoadWatch(policy.information.measuredSeconds ?? site.windowSeconds)
    this.#desk = new PlanningDesk({
      ...common,
      policy,
      foresight: this.#foresight,
      arrived: () => this.#arrived(),
      onForecast: ({ windowIndex }, nowSeconds, foreseen) => {
        const outlooks = foreseen.map(({ arrivals }) => arrivals)
        const rates = outlooks.map(({ forecast }) => must(forecast.meanRps[0]))
        this.#loadWatch.begin(nowSeconds, rates)
        if (!policy.epochs.includes('deviation')) return
        this.#watch.begin(windowIndex, nowSeconds, outlooks)
      },
      clock: this.#clock,
    })
    this.#done = site.tenants.map(() => 0)
    this.#deployed = site.tenants.map(() => 0)
    this.#rejected = site.tenants.map(() => 0)
    this.#deployedVersions = site.tenants.map(() => [])
    this.#deployedAccuracy = site.tenants.map(() => [])
  }

  run(): RunResult {
    const before = this.#clock()
    this.#schedule()
    while (this.#engine.nowSeconds < this.#durationSeconds || this.#isDueNow()) this.#turn()
    this.#engine.finish()
    this.#recorder.finish(this.#durationSeconds)
    const result = summariseRun({
      site: this.#site,
      policy: this.#options.policy.name,
      seed: this.#options.seed,
      engine: this.#engine,
      desk: this.#desk,
      recorder: this.#recorder,
      versions: this.#perTenant((i) => ({
        retrainingsDone: must(this.#done[i]),
        versionsDeployed: must(this.#deployed[i]),
        versionsRejected: must(this.#rejected[i]),
      })),
      deployedAccuracy: this.#deployedAccuracy,
      simulateSeconds: this.#clock() - before - this.#desk.planSeconds,
      boundOf: (arrived) => {
        const { site, policy, seed } = this.#options
        return runBound(site, policy.mechanism, { seed, arrived })
      },
    })
    assertBounded(result)
    return result
  }

  #makeEngine(): RequestEngine {
    const { tenants } = this.#site
    assert(Number.isInteger(this.#durationSeconds), 'A run lasts whole seconds')
    return new RequestEngine({
      tenants: tenants.map(({ id, sloSeconds }, index) => ({
        id,
        sloSeconds,
        queueRequestsMax: queueRequestsMaxDefault,
        router: this.#options.policy.router,
        arrivals: must(this.#truth.tenants[index]).arrivals,
      })),
      durationSeconds: this.#durationSeconds,
      rng: this.#truth.rng.split('requests'),
    })
  }

  #isDueNow(): boolean {
    return this.#agenda.nextSeconds === this.#durationSeconds
  }

  /** To the next thing that control has to do with: requests up to it come first. */
  #turn(): void {
    const next = this.#agenda.nextSeconds ?? this.#durationSeconds
    const reached = this.#engine.advance(Math.min(next, this.#durationSeconds))
    if (reached.kind === 'drained') {
      this.#world.drained(reached.server, reached.atSeconds)
      return
    }
    if (next > this.#durationSeconds) return
    const due = this.#agenda.pop()
    if (due !== null) due.value(due.atSeconds)
  }

  #schedule(): void {
    const { windowSeconds } = this.#site
    const { faults = [], refusals = [] } = this.#options
    for (let at = 0; at < this.#durationSeconds; at += windowSeconds) {
      this.#agenda.add(at, 'window', (now) => this.#startWindow(now))
    }
    for (let at = 1; at <= this.#durationSeconds; at += 1) {
      this.#agenda.add(at, 'second', (now) => this.#endSecond(now))
    }
    for (const fault of faults) this.#agenda.add(fault.atSeconds, 'fault', () => this.#fail(fault))
    for (const { atSeconds, gpu, times } of refusals) {
      this.#agenda.add(atSeconds, 'fault', () => this.#world.refuseDestroys(gpu, times))
    }
  }

  #answeredSince(
    tenant: number,
    fromSecond: number,
    untilSecond: number,
  ): readonly AnsweredSecond[] {
    const { arrived, inTime, accuracySum } = this.#engine.accountsOf(tenant).perSecond
    return Array.from({ length: untilSecond - fromSecond }, (_, i) => ({
      version: must(this.#deployedVersions[tenant]?.[fromSecond + i]),
      arrived: must(arrived[fromSecond + i]),
      inTime: must(inTime[fromSecond + i]),
      accuracySum: must(accuracySum[fromSecond + i]),
    }))
  }

  #startWindow(nowSeconds: number): void {
    const { windowSeconds } = this.#site
    const since = Math.max(0, nowSeconds - windowSeconds)
    const answered = this.#perTenant((tenant) =>
      nowSeconds === 0
        ? answeredBefore(this.#site, { truth: this.#truth, versions: this.#versions }, tenant)
        : this.#answeredSince(tenant, since, nowSeconds),
    )
    this.#book.labelsArrive(nowSeconds, answered)
    this.#abandonJobs(nowSeconds - windowSeconds)
    this.#foresight.probeAll(this.#state, Math.round(nowSeconds / windowSeconds))
    this.#ask('window-start', nowSeconds)
  }

  /** A checkpoint that a whole window passed over is of labels too old to go on with. */
  #abandonJobs(beforeSeconds: number): void {
    for (const { id, job } of this.#state.tenants) {
      const since = job?.waitingSinceSeconds ?? null
      if (since === null || since > beforeSeconds) continue
      const atSeconds = beforeSeconds + this.#site.windowSeconds
      this.#deliver({ kind: 'job-abandoned', tenant: id, atSeconds })
    }
  }

  #endSecond(nowSeconds: number): void {
    const second = nowSeconds - 1
    for (const [tenant] of this.#site.tenants.entries()) {
      const { version } = must(this.#state.tenants[tenant])
      must(this.#deployedVersions[tenant]).push(version)
      must(this.#deployedAccuracy[tenant]).push(this.#versions.accuracyOf(version, second + 0.5))
    }
    this.#world.setAccuracies(nowSeconds)
    this.#options.onProgress?.(nowSeconds)
    const arrived = this.#arrived()
    const counts = arrived.map((own) => must(own[second]))
    if (this.#watch.hasLeft(second, counts)) this.#ask('deviation', nowSeconds)
    if (!this.#options.policy.epochs.includes('load-moved')) return
    if (this.#loadWatch.hasMoved(nowSeconds, arrived)) this.#ask('load-moved', nowSeconds)
  }

  /** [tenant][second] */
  #arrived(): readonly Float64Array[] {
    return this.#perTenant((i) => this.#engine.accountsOf(i).perSecond.arrived)
  }

  #ask(epoch: DecisionEpoch, nowSeconds: number): void {
    this.#world.reportProgress(nowSeconds)
    this.#world.reportSpeed()
    this.#desk.ask(epoch, nowSeconds)
  }

  #fail({ gpu, slice, recoversSeconds, atSeconds }: Fault): void {
    const { model } = must(this.#state.gpus[gpu])
    const hit = this.#state.instances.find(({ gpu: own, start, profileId }) => {
      const { size } = profileById(model, profileId)
      return own === gpu && start <= slice && slice < start + size
    })
    if (hit === undefined) return
    const { id, start } = hit
    if (recoversSeconds !== null) {
      this.#agenda.add(recoversSeconds, 'fault', (at) =>
        this.#deliver({ kind: 'placement-recovered', gpu, start, atSeconds: at }),
      )
    }
    this.#world.failInstance(id, atSeconds)
  }

  #deliver(event: ExecutorEvent): void {
    this.#safety = watchEvent(this.#safety, event)
    if (event.kind === 'retraining-done') this.#countDone(event.instanceId)
    const { state, effects } = advance(this.#state, event)
    this.#state = state
    this.#recorder.observe(state)
    for (const effect of effects) this.#perform(effect, event.atSeconds)
    this.#demandNone(breachesAtRest(this.#safety), event.atSeconds)
  }

  #perform(effect: Effect, nowSeconds: number): void {
    const { model, breaches } = watchEffect(this.#safety, effect)
    this.#demandNone(breaches, nowSeconds)
    this.#safety = model
    if (effect.kind === 'keep-version') this.#count(this.#deployed, effect.tenant)
    if (effect.kind === 'reject-version') this.#count(this.#rejected, effect.tenant)
    this.#world.perform(effect, nowSeconds)
    // Asked for after what else this moment sets off, so that the problem knows of it.
    if (effect.kind === 'request-plan') {
      const epoch = epochOf[effect.reason]
      this.#agenda.add(nowSeconds, 'plan', (at) => this.#ask(epoch, at))
    }
  }

  #demandNone(breaches: readonly string[], nowSeconds: number): void {
    assert(breaches.length === 0, `At ${nowSeconds} s: ${breaches.join('; ')}`)
  }

  #countDone(instanceId: string): void {
    const worker = this.#state.instances.find(({ id }) => id === instanceId)?.worker
    if (worker) this.#count(this.#done, worker.tenant)
  }

  #count(counts: number[], tenant: string): void {
    const index = this.#site.tenants.findIndex(({ id }) => id === tenant)
    counts[index] = must(counts[index]) + 1
  }

  #perTenant<T>(of: (tenant: number) => T): readonly T[] {
    return this.#site.tenants.map((_, index) => of(index))
  }
}
