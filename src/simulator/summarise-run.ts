import { must } from '../base/assert.ts'
import type { Site } from '../core/site.ts'
import {
  latencyShares,
  type RunResult,
  type TenantResult,
  type TimelineSpan,
  type WindowResult,
} from '../observe/run-result.ts'
import type { PlanningDesk } from './planning-desk.ts'
import { capacityLost, gpuSecondsUsed, reconfigurationsIn } from './reconfiguration-cost.ts'
import type { RequestEngine, TenantAccounts } from './request-engine.ts'
import type { InstanceSpan, SpanRecorder } from './span-recorder.ts'

export type FinishedRun = {
  readonly site: Site
  readonly policy: string
  readonly seed: number
  readonly engine: RequestEngine
  readonly desk: PlanningDesk
  readonly recorder: SpanRecorder
  /** Parallel to the site's tenants. */
  readonly versions: readonly VersionCounts[]
  /** [tenant][second]: accuracy of the deployed version, where nobody was answered. */
  readonly deployedAccuracy: readonly (readonly number[])[]
  readonly simulateSeconds: number
  /** By tenant, from the requests that arrived in each second. */
  readonly boundOf: (arrived: readonly Float64Array[]) => number
}

export type VersionCounts = {
  readonly retrainingsDone: number
  readonly versionsDeployed: number
  readonly versionsRejected: number
}

/** What a run came to. */
export function summariseRun(run: FinishedRun): RunResult {
  const { site, engine, desk, recorder } = run
  const { spans } = recorder
  const accounts = site.tenants.map((_, index) => engine.accountsOf(index))
  const lost = capacityLost(site, spans, accounts.map(unservedPerSecond))
  return {
    policy: run.policy,
    seed: run.seed,
    durationSeconds: engine.durationSeconds,
    bound: run.boundOf(accounts.map(({ perSecond }) => perSecond.arrived)),
    tenants: site.tenants.map((_, index) => ({
      ...tenantResult(run, index, must(accounts[index])),
      capacityLostRequests: must(lost[index]),
    })),
    reconfigurations: reconfigurationsIn(site, [...spans, ...recorder.momentary]),
    instancesCreated: recorder.created,
    instancesDestroyed: recorder.destroyed,
    gpuSecondsUsed: gpuSecondsUsed(site, spans),
    plans: desk.records,
    timeline: timelineOf(spans),
    timings: { simulateSeconds: run.simulateSeconds, planSeconds: desk.planSeconds },
  }
}

function tenantResult(
  run: FinishedRun,
  index: number,
  accounts: TenantAccounts,
): Omit<TenantResult, 'capacityLostRequests'> {
  const { id, weight, sloAttainmentMin } = must(run.site.tenants[index])
  const { counts, accuracySum, latency, perSecond } = accounts
  const { arrived, inTime, late, shed, failed, lost } = counts
  const deployed = must(run.deployedAccuracy[index])
  const perWindow = windowResults(run, index, accounts)
  const below = perWindow.filter((own) => {
    return own.arrived > 0 && own.sloAttainment < (sloAttainmentMin ?? 0)
  })
  return {
    tenant: id,
    weight,
    arrived,
    inTime,
    late,
    shed,
    failed,
    lost,
    accuracySum,
    latencySeconds: {
      mean: latency.mean(),
      p50: latency.quantile(0.5),
      p99: latency.quantile(0.99),
    },
    latencyQuantilesSeconds: latencyShares.map((share) => latency.quantile(share)),
    ...must(run.versions[index]),
    perSecond: {
      arrived: Array.from(perSecond.arrived),
      inTime: Array.from(perSecond.inTime),
      capacityRps: Array.from(perSecond.capacityRps),
      accuracy: Array.from(perSecond.inTime, (answers, second) =>
        answers > 0 ? must(perSecond.accuracySum[second]) / answers : must(deployed[second]),
      ),
    },
    ...(sloAttainmentMin === null ? {} : { windowsBelowFloor: below.length }),
    perWindow,
  }
}

/** By the second: requests by their arrival, answers by when they were given. */
function windowResults(
  run: FinishedRun,
  index: number,
  { perSecond }: TenantAccounts,
): readonly WindowResult[] {
  const { windowSeconds } = run.site
  const seconds = perSecond.arrived.length
  const windows = Math.ceil(run.engine.durationSeconds / windowSeconds - 1e-9)
  return Array.from({ length: windows }, (_, window) => {
    const from = Math.round(window * windowSeconds)
    const until = Math.min(seconds, Math.round((window + 1) * windowSeconds))
    const arrived = sumOf(perSecond.arrived.subarray(from, until))
    const inTime = sumOf(perSecond.inTime.subarray(from, until))
    const right = sumOf(perSecond.accuracySum.subarray(from, until))
    const prediction = run.desk.predictions.get(window)?.[index]
    return {
      window,
      goodput: arrived > 0 ? right / arrived : 0,
      sloAttainment: arrived > 0 ? inTime / arrived : 0,
      accuracy: inTime > 0 ? right / inTime : 0,
      predictedGoodput: prediction?.goodput ?? null,
      arrived,
      forecastArrived: prediction?.arrived ?? null,
    }
  })
}

function unservedPerSecond({ perSecond }: TenantAccounts): Float64Array {
  return perSecond.arrived.map((arrived, s) => Math.max(0, arrived - must(perSecond.inTime[s])))
}

/** Spans for the report, by GPU, start and time; a version switch is part of serving. */
function timelineOf(spans: readonly InstanceSpan[]): readonly TimelineSpan[] {
  const merged: InstanceSpan[] = []
  const lastOf = new Map<string, number>()
  for (const span of [...spans].sort(byPlaceAndTime)) {
    const own: InstanceSpan = span.phase === 'switching' ? { ...span, phase: 'serving' } : span
    const at = lastOf.get(own.instanceId)
    const before = at === undefined ? undefined : merged[at]
    const isSame = before?.phase === own.phase && before.tenant === own.tenant
    const goesOn = isSame && before.isBeside === own.isBeside
    if (before !== undefined && at !== undefined && goesOn) {
      merged[at] = { ...before, untilSeconds: own.untilSeconds }
    } else {
      lastOf.set(own.instanceId, merged.length)
      merged.push(own)
    }
  }
  return merged.map(({ instanceId: _id, profileId: _profile, phase, ...span }) => ({
    ...span,
    phase: phase === 'switching' ? 'serving' : phase,
  }))
}

function byPlaceAndTime(a: InstanceSpan, b: InstanceSpan): number {
  return a.gpu - b.gpu || a.start - b.start || a.fromSeconds - b.fromSeconds
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0)
}
