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
const utilisations = [0.3, 0.5, 0.7, 0.8, 0.9]

/** Probability that all c servers are busy (Erlang 1917), offered load a = c x utilisation. */
function erlangC(c: number, a: number): number {
  let blocking = 1
  for (let n = 1; n <= c; n += 1) blocking = (a * blocking) / (n + a * blocking)
  return blocking / (1 - (a / c) * (1 - blocking))
}

describe.each(utilisations)('at utilisation %f the mean wait is within 2 %% of', (rho) => {
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
