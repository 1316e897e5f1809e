import { Agent, request } from 'undici'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { studies } from '../../learning/studies.ts'
import { ArrivalSource } from '../../simulator/arrival-source.ts'
import { drawTruth } from '../../simulator/truth.ts'
import { referenceSeed } from '../daemon/programs.ts'
import {
  classesIn,
  correctCount,
  type DriftingSource,
  driftingSource,
} from '../reference/drifting-source.ts'
import { hostSeconds } from '../router/host-clock.ts'
import {
  type LoadPlan,
  type LoadReport,
  type LoadSecond,
  type LoadTarget,
  leadStaleness,
} from './load-plan.ts'

type Tally = { -readonly [K in keyof LoadSecond]: number }

type Tenant = {
  readonly id: string
  readonly sloSeconds: number
  readonly source: DriftingSource
  readonly arrivals: Arrivals
  readonly rng: Rng
  readonly seconds: Tally[]
}

/** The next request of a tenant, in seconds of the run; Infinity when none is left. */
type Arrivals = { atSeconds: number; items: number; readonly advance: () => void }

const nothing: LoadSecond = {
  sent: 0,
  inTime: 0,
  late: 0,
  shed: 0,
  failed: 0,
  items: 0,
  correct: 0,
}
const answerSecondsMax = 10

/**
 * Sends every tenant's requests at the times the laboratory would have them arrive with that seed,
 * whatever the answers do (an open loop), and tells labels later, as users do.
 */
export class LoadGenerator {
  readonly #plan: LoadPlan
  readonly #tenants: readonly Tenant[]
  readonly #agent = new Agent({ connections: 256, keepAliveTimeout: 30_000, pipelining: 1 })
  readonly #failures = new Map<string, number>()
  #target: LoadTarget = { url: '', epochHostSeconds: 0 }
  #isStopped = false

  constructor(plan: LoadPlan) {
    this.#plan = plan
    const truth = drawTruth(plan.site, plan.seed)
    const simulation = must(plan.site.simulation)
    this.#tenants = plan.site.tenants.map(({ id, sloSeconds, accuracy }, i) => {
      const { drift, initialStaleness } = must(simulation.tenants[i])
      const study = must(studies.find((own) => own.id === accuracy.id))
      const staleness = leadStaleness(drift, initialStaleness, plan.leadSeconds)
      return {
        id,
        sloSeconds,
        source: driftingSource({ study, seed: referenceSeed, drift, initialStaleness: staleness }),
        arrivals: arrivalsOf(plan, i, truth),
        rng: new Rng(plan.seed, `load/${id}`),
        seconds: [],
      }
    })
  }

  /** What was due before is left out: it would come all at once. */
  start(target: LoadTarget): void {
    this.#target = target
    const now = this.#now()
    for (const tenant of this.#tenants) {
      while (tenant.arrivals.atSeconds < now) tenant.arrivals.advance()
      this.#pump(tenant)
    }
  }

  stop(): void {
    this.#isStopped = true
  }

  report(): LoadReport {
    return {
      kind: 'report',
      tenants: this.#tenants.map(({ seconds }) => seconds.map((own) => own ?? nothing)),
      failures: Object.fromEntries(this.#failures),
    }
  }

  #now(): number {
    return hostSeconds() - this.#target.epochHostSeconds
  }

  #pump(tenant: Tenant): void {
    if (this.#isStopped) return
    const { arrivals } = tenant
    const now = this.#now()
    while (arrivals.atSeconds <= now) {
      void this.#send(tenant, arrivals.atSeconds, arrivals.items)
      arrivals.advance()
    }
    if (arrivals.atSeconds === Number.POSITIVE_INFINITY) return
    setTimeout(() => this.#pump(tenant), Math.max(1, 1000 * (arrivals.atSeconds - this.#now())))
  }

  async #send(tenant: Tenant, atSeconds: number, items: number): Promise<void> {
    const tally = tallyAt(tenant.seconds, Math.floor(atSeconds))
    const asked = tenant.source.requestAt(atSeconds, items, tenant.rng)
    const url = `${this.#target.url}/v2/models/${tenant.id}/infer`
    tally.sent += 1
    const sentSeconds = this.#now()
    try {
      const answer = await this.#post(url, asked.request)
      const seconds = this.#now() - sentSeconds
      if (answer.status === 503) tally.shed += 1
      else if (answer.status !== 200) this.#fail(tally, `status ${answer.status}: ${answer.text}`)
      else if (seconds > tenant.sloSeconds) tally.late += 1
      else {
        tally.inTime += 1
        tally.items += items
        tally.correct += correctCount(asked.labels, classesIn(JSON.parse(answer.text)) ?? [])
      }
      if (answer.status === 200) this.#label(tenant, answer.id, asked.labels)
    } catch (error) {
      this.#fail(tally, error instanceof Error ? error.message : String(error))
    }
  }

  #label(tenant: Tenant, id: string | null, labels: readonly number[]): void {
    const { labelledShare } = must(this.#plan.site.simulation)
    if (id === null || tenant.rng.uniform() >= labelledShare) return
    const url = `${this.#target.url}/v2/models/${tenant.id}/feedback`
    setTimeout(() => {
      // A label that is lost is lost: users do not come back to it either.
      if (!this.#isStopped) this.#post(url, { id, label: labels }).catch(() => undefined)
    }, 1000 * this.#plan.labelDelaySeconds)
  }

  async #post(url: string, body: unknown) {
    const {
      statusCode,
      headers,
      body: stream,
    } = await request(url, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      headersTimeout: 1000 * answerSecondsMax,
      bodyTimeout: 1000 * answerSecondsMax,
    })
    const id = headers['migrator-request-id']
    return { status: statusCode, text: await stream.text(), id: typeof id === 'string' ? id : null }
  }

  #fail(tally: Tally, why: string): void {
    tally.failed += 1
    const words = why.slice(0, 160)
    this.#failures.set(words, (this.#failures.get(words) ?? 0) + 1)
  }
}

function tallyAt(seconds: Tally[], second: number): Tally {
  while (seconds.length <= second) seconds.push({ ...nothing })
  return must(seconds[second])
}

/**
 * First the lead, at the rates of the seconds before the laboratory's t = 0; then exactly the
 * requests that the laboratory draws.
 */
function arrivalsOf(
  { leadSeconds, site }: LoadPlan,
  tenant: number,
  truth: ReturnType<typeof drawTruth>,
): Arrivals {
  const { id } = must(site.tenants[tenant])
  const { arrivals: series } = must(truth.tenants[tenant])
  const { durationSeconds } = must(site.simulation)
  const requests = truth.rng.split('requests')
  const lead = new ArrivalSource(
    { ...series, historySeconds: Math.max(0, series.historySeconds - leadSeconds) },
    requests.split(`lead/${id}`),
    leadSeconds,
  )
  const main = new ArrivalSource(series, requests.split(`arrivals/${id}`), durationSeconds)
  const own: Arrivals = {
    atSeconds: 0,
    items: 1,
    advance: () => {
      if (lead.nextSeconds !== Number.POSITIVE_INFINITY) lead.advance()
      else main.advance()
      read()
    },
  }
  const read = (): void => {
    const isLead = lead.nextSeconds !== Number.POSITIVE_INFINITY
    own.atSeconds = isLead ? lead.nextSeconds : leadSeconds + main.nextSeconds
    own.items = isLead ? lead.nextItems : main.nextItems
  }
  read()
  return own
}
