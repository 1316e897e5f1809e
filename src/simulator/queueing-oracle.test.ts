import { describe, expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import { RequestEngine, type TenantAccounts } from './request-engine.ts'
import type { ServiceSampler } from './tenant-loop.ts'

const constant: ServiceSampler = (estimate) => estimate
const exponential: ServiceSampler = (estimate, _items, rng) => estimate * rng.exponential()

/** A server that takes `seconds[n]` for a batch of n. */
function capability(seconds: readonly number[]): ServingCapability {
  const itemsMax = seconds.length - 1
  return {
    itemsMax,
    latencySeconds: seconds,
    capacityItemsPerSecond: itemsMax / (seconds[itemsMax] as number),
    provenance: 'own',
  }
}

type Queue = {
  readonly servers: number
  readonly seconds?: readonly number[]
  readonly serviceSeconds: ServiceSampler
  readonly ratePerSecond: number
  readonly requests: number
  readonly sloSeconds?: number
  readonly seed?: number
}

/** Poisson arrivals at one tenant through the product's own loop; queue without a limit. */
function run(queue: Queue): TenantAccounts {
  const { servers, seconds = [0, 1], ratePerSecond, requests, sloSeconds = Infinity } = queue
  const durationSeconds = Math.ceil(requests / ratePerSecond)
  const arrivals = {
    ratesRps: new Float64Array(durationSeconds).fill(ratePerSecond),
    historySeconds: 0,
    gapCv: 1,
    items: [{ items: 1, share: 1 }],
    description: 'constant',
  }
  const { serviceSeconds } = queue
  const engine = new RequestEngine({
    tenants: [{ id: 'q', sloSeconds, queueRequestsMax: Infinity, arrivals, serviceSeconds }],
    durationSeconds,
    rng: new Rng(queue.seed ?? 1),
  })
  const server = { tenant: 0, capability: capability(seconds), trueScale: 1, accuracy: 1 }
  for (let i = 0; i < servers; i += 1) engine.addServer(server)
  engine.advance(durationSeconds)
  engine.finish()
  return engine.accountsOf(0)
}

const meanWait = ({ counts }: TenantAccounts) => counts.waitedSeconds / counts.arrived
const error = (measured: number, exact: number) => Math.abs(measured / exact - 1)
/** At 0.9 waits are so correlated that ten million requests are needed for one per cent. */
const requestsAt = (utilisation: number) => (utilisation >= 0.9 ? 10_500_000 : 1_500_000)
const utilisations = [0.3, 0.5, 0.7, 0.8, 0.9].map((rho) => ({ rho }))

/** Probability that all c servers are busy (Erlang 1917), offered load a = c x utilisation. */
function erlangC(c: number, a: number): number {
  let blocking = 1
  for (let n = 1; n <= c; n += 1) blocking = (a * blocking) / (n + a * blocking)
  return blocking / (1 - (a / c) * (1 - blocking))
}

describe.each(utilisations)('at utilisation $rho the mean wait is within 2 % of', ({ rho }) => {
  const requests = requestsAt(rho)

  test('M/M/1: rho / (1 - rho) service times', () => {
    const wait = meanWait(
      run({ servers: 1, serviceSeconds: exponential, ratePerSecond: rho, requests }),
    )
    expect(error(wait, rho / (1 - rho))).toBeLessThan(0.02)
  })

  test('M/D/1: half of that (Pollaczek and Khinchine)', () => {
    const wait = meanWait(
      run({ servers: 1, serviceSeconds: constant, ratePerSecond: rho, requests }),
    )
    expect(error(wait, rho / (2 * (1 - rho)))).toBeLessThan(0.02)
  })

  test('M/M/5: Erlang C over the spare capacity', () => {
    const c = 5
    const queue = { servers: c, serviceSeconds: exponential, ratePerSecond: c * rho, requests }
    const exact = erlangC(c, c * rho) / (c * (1 - rho))
    expect(error(meanWait(run(queue)), exact)).toBeLessThan(0.02)
  })
})

describe('a request that would wait too long', () => {
  /**
   * M/M/1 + D: a request that finds more than `patience` of work ahead is lost and brings no work.
   * The work ahead has density P0 lambda exp(-(mu - lambda) x) below the patience and falls with
   * exp(-mu x) from there, because nobody joins beyond it.
   */
  function lostShare(rho: number, patience: number): number {
    const slope = 1 - rho
    const below = slope === 0 ? rho * patience : (rho * -Math.expm1(-slope * patience)) / slope
    const beyond = rho * Math.exp(-slope * patience)
    return beyond / (1 + below + beyond)
  }

  // The profile's estimate is next to nothing here, so that the rule's patience is the SLO's.
  const seconds = [0, 1e-4]
  const service: ServiceSampler = (_estimate, _items, rng) => rng.exponential()

  test.each([{ rho: 0.7 }, { rho: 1 }, { rho: 1.4 }])(
    'is shed as often as theory says, within 2 %, at load $rho',
    ({ rho }) => {
      const { counts } = run({
        servers: 1,
        seconds,
        serviceSeconds: service,
        ratePerSecond: rho,
        requests: 1_500_000,
        sloSeconds: 3,
      })
      expect(error(counts.shed / counts.arrived, lostShare(rho, 3))).toBeLessThan(0.02)
    },
  )
})

describe('a queue served in batches', () => {
  const itemsMax = 8
  /** One item takes 0.3, each further one 0.1: 8 items a second at most. */
  const seconds = [0, ...Array.from({ length: itemsMax }, (_, n) => 0.3 + 0.1 * n)]
  const capacity = itemsMax / (seconds[itemsMax] as number)

  test.each(utilisations)(
    'waits and fills its batches as its solved Markov chain does, within 2 %, at $rho',
    ({ rho }) => {
      const ratePerSecond = rho * capacity
      const exact = solveBatchQueue(ratePerSecond, seconds)
      const requests = requestsAt(rho)
      const accounts = run({
        servers: 1,
        seconds,
        serviceSeconds: constant,
        ratePerSecond,
        requests,
      })
      const { counts } = accounts
      expect(error(meanWait(accounts), exact.wait)).toBeLessThan(0.02)
      expect(error(counts.batchItems / counts.batches, exact.batch)).toBeLessThan(0.02)
    },
  )
})

/**
 * M/D/1 in batches of at most b, cut greedily when the server is free; a batch of n takes
 * `seconds[n]`. The queue left at completions is a Markov chain: from j requests, min(j, b) go
 * (from 0 the next arrival goes alone) and a Poisson number joins meanwhile. Its stationary
 * distribution by iteration; then, a cycle being one batch, mean requests waiting = expected area
 * under the queue in a cycle over its expected length, and the wait follows by Little's law.
 */
function solveBatchQueue(lambda: number, seconds: readonly number[]) {
  const b = seconds.length - 1
  const states = 400
  const joining = seconds.map((s) => poissonMasses(lambda * s, 80))
  const goes = (j: number) => Math.min(Math.max(j, 1), b)
  let p = new Float64Array(states).fill(1 / states)
  for (let change = 1; change > 1e-12; ) {
    const next = new Float64Array(states)
    for (let j = 0; j < states; j += 1) {
      const left = Math.max(j, 1) - goes(j)
      for (const [k, mass] of (joining[goes(j)] ?? []).entries()) {
        const to = Math.min(left + k, states - 1)
        next[to] = (next[to] ?? 0) + (p[j] ?? 0) * mass
      }
    }
    change = next.reduce((sum, x, j) => sum + Math.abs(x - (p[j] ?? 0)), 0)
    p = next
  }
  let area = 0
  let length = 0
  let batch = 0
  for (const [j, probability] of p.entries()) {
    const n = goes(j)
    const s = seconds[n] ?? 0
    const left = Math.max(j, 1) - n
    area += probability * (left * s + (lambda * s * s) / 2)
    length += probability * (s + (j === 0 ? 1 / lambda : 0))
    batch += probability * n
  }
  return { wait: area / length / lambda, batch }
}

function poissonMasses(mean: number, count: number): readonly number[] {
  const masses = [Math.exp(-mean)]
  for (let k = 1; k < count; k += 1) masses.push(((masses[k - 1] ?? 0) * mean) / k)
  return masses
}
