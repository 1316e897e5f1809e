import { Rng } from '../src/base/rng.ts'
import type { RunResult, TenantResult, TimelineSpan } from '../src/observe/run-result.ts'

const durationSeconds = 600

/** A made-up run for tests of tables and pages: well-formed, not simulated. */
export function randomRun(policy: string, seed: number): RunResult {
  const rng = new Rng(seed).split(policy)
  return {
    policy,
    seed,
    durationSeconds,
    bound: 1,
    tenants: ['alpha', 'beta <b>', 'gamma'].map((name) => randomTenant(name, rng.split(name))),
    reconfigurations: 3 + rng.integer(5),
    instancesCreated: 5,
    instancesDestroyed: 4,
    gpuSecondsUsed: durationSeconds,
    plans: [],
    timeline: randomTimeline(rng),
    timings: { simulateSeconds: 1, planSeconds: 1 },
  }
}

function randomTenant(tenant: string, rng: Rng): TenantResult {
  const phase = rng.uniform() * 6
  const seconds = Array.from({ length: durationSeconds }, (_, second) => second)
  const arrived = seconds.map((s) =>
    Math.round(200 + 120 * Math.sin(s / 40 + phase) + 10 * rng.normal()),
  )
  const capacityRps = seconds.map((s) => (s % 200 < 100 ? 320 : 200))
  const inTime = arrived.map((count, s) => Math.min(count, capacityRps[s] ?? 0))
  const accuracy = seconds.map((s) => 0.9 - 0.0005 * (s % 200))
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  return {
    tenant,
    weight: 1,
    arrived: sum(arrived),
    inTime: sum(inTime),
    late: 12,
    shed: sum(arrived) - sum(inTime) - 12,
    failed: 0,
    lost: 0,
    accuracySum: sum(inTime.map((count, s) => count * (accuracy[s] ?? 0))),
    latencySeconds: { mean: 0.031, p50: 0.024, p99: 0.097 },
    latencyQuantilesSeconds: [0.004, 0.01, 0.016, 0.024, 0.038, 0.06, 0.097, 0.099],
    retrainingsDone: 2,
    versionsDeployed: 2,
    versionsRejected: 0,
    capacityLostRequests: 40,
    perSecond: { arrived, inTime, capacityRps, accuracy },
    perWindow: [],
  }
}

function randomTimeline(rng: Rng): TimelineSpan[] {
  const cut = 150 + rng.integer(100)
  const base = { gpu: 0, fromSeconds: 0, untilSeconds: durationSeconds }
  const whole = { ...base, start: 0, size: 4, profileName: '4g.40gb', tenant: 'alpha' }
  const half = { ...base, start: 4, size: 4, profileName: '3g.40gb', tenant: 'beta <b>' }
  const narrow = { ...base, size: 2, profileName: '2g.20gb' }
  return [
    { ...whole, phase: 'serving' },
    { ...half, phase: 'retraining', untilSeconds: cut },
    {
      ...narrow,
      start: 4,
      tenant: 'gamma',
      phase: 'initialising',
      fromSeconds: cut,
      untilSeconds: cut + 6,
    },
    { ...narrow, start: 4, tenant: 'gamma', phase: 'serving', fromSeconds: cut + 6 },
    { ...narrow, start: 6, tenant: null, phase: 'idle', fromSeconds: cut },
  ]
}
