import { assert, must } from '../base/assert.ts'
import { goodputOf, headline } from './goodput.ts'
import type { RunResult } from './run-result.ts'
import { type Interval, interval95, mean, median } from './statistics.ts'

/** What `migrator compare -o json` prints. The same site and seeds give the same bytes. */
export type Comparison = {
  readonly policies: Readonly<Record<string, PolicySummary>>
  readonly runs: readonly RunSummary[]
  readonly site: string
  readonly seeds: readonly number[]
  /** The policy that the others are paired with. */
  readonly reference: string
}

export type PolicySummary = {
  readonly goodput: Interval
  readonly sloAttainment: number
  readonly accuracy: number
  /** Requests, mean over the seeds. */
  readonly arrived: number
  readonly late: number
  readonly shed: number
  readonly failed: number
  readonly lost: number
  readonly latencyP50Seconds: number
  readonly latencyP99Seconds: number
  readonly reconfigurations: number
  readonly retrainings: number
  /** Requests that could have been served by capacity that was being reconfigured. */
  readonly capacityLostRequests: number
  readonly gpuHours: number
  /** Paired over the seeds: Goodput of the reference less this policy's; null for the reference. */
  readonly leadOfReference: Interval | null
  /** Absolute error of predicted against measured Goodput per tenant and window. */
  readonly prediction: { readonly medianError: number; readonly worstError: number } | null
}

export type RunSummary = {
  readonly policy: string
  readonly seed: number
  readonly goodput: number
  readonly sloAttainment: number
  readonly accuracy: number
  readonly reconfigurations: number
  readonly tenants: readonly {
    readonly tenant: string
    readonly goodput: number | null
    readonly sloAttainment: number | null
    readonly accuracy: number | null
    readonly arrived: number
    readonly inTime: number
    readonly late: number
    readonly shed: number
    readonly failed: number
    readonly lost: number
    readonly latencySeconds: { readonly mean: number; readonly p50: number; readonly p99: number }
    readonly retrainingsDone: number
  }[]
}

/**
 * Compares runs of several policies over the same seeds. Leads are paired seed by seed against
 * `reference` (the first policy when it is absent): the seeds share arrivals, drift and truth.
 */
export function compareRuns(options: {
  readonly site: string
  readonly seeds: readonly number[]
  readonly runs: readonly RunResult[]
  readonly reference: string
}): Comparison {
  const { site, seeds, runs } = options
  const names = [...new Set(runs.map((run) => run.policy))]
  const reference = names.includes(options.reference) ? options.reference : must(names[0])
  const byPolicy = (name: string) => seeds.map((seed) => runOf(runs, name, seed))
  const policies: Record<string, PolicySummary> = {}
  for (const name of names) {
    const other = name === reference ? null : byPolicy(reference)
    policies[name] = summarise(byPolicy(name), other)
  }
  return { policies, runs: runs.map(summariseRun), site, seeds, reference }
}

function runOf(runs: readonly RunResult[], policy: string, seed: number): RunResult {
  const found = runs.find((run) => run.policy === policy && run.seed === seed)
  assert(found !== undefined, `Policy ${policy} was not run with seed ${seed}`)
  return found
}

function summarise(
  runs: readonly RunResult[],
  reference: readonly RunResult[] | null,
): PolicySummary {
  const parts = runs.map(headline)
  const total = (pick: (tenant: RunResult['tenants'][number]) => number) =>
    mean(runs.map((run) => run.tenants.reduce((sum, tenant) => sum + pick(tenant), 0)))
  const worst = (pick: (tenant: RunResult['tenants'][number]) => number) =>
    mean(runs.map((run) => Math.max(...run.tenants.map(pick))))
  const leads = reference?.map((run, index) => headline(run).goodput - must(parts[index]).goodput)
  return {
    goodput: interval95(parts.map((part) => part.goodput)),
    sloAttainment: mean(parts.map((part) => part.sloAttainment)),
    accuracy: mean(parts.map((part) => part.accuracy)),
    arrived: total((tenant) => tenant.arrived),
    late: total((tenant) => tenant.late),
    shed: total((tenant) => tenant.shed),
    failed: total((tenant) => tenant.failed),
    lost: total((tenant) => tenant.lost),
    latencyP50Seconds: worst((tenant) => tenant.latencySeconds.p50),
    latencyP99Seconds: worst((tenant) => tenant.latencySeconds.p99),
    reconfigurations: mean(runs.map((run) => run.reconfigurations)),
    retrainings: total((tenant) => tenant.retrainingsDone),
    capacityLostRequests: total((tenant) => tenant.capacityLostRequests),
    gpuHours: mean(runs.map((run) => run.gpuSecondsUsed)) / 3600,
    leadOfReference: leads === undefined ? null : interval95(leads),
    prediction: predictionErrors(runs),
  }
}

function predictionErrors(runs: readonly RunResult[]): PolicySummary['prediction'] {
  const errors = runs.flatMap((run) =>
    run.tenants.flatMap((tenant) =>
      tenant.perWindow
        .filter((window) => window.predictedGoodput !== null && window.arrived > 0)
        .map((window) => Math.abs(must(window.predictedGoodput) - window.goodput)),
    ),
  )
  if (errors.length === 0) return null
  return { medianError: median(errors), worstError: Math.max(...errors) }
}

function summariseRun(run: RunResult): RunSummary {
  return {
    policy: run.policy,
    seed: run.seed,
    ...headline(run),
    reconfigurations: run.reconfigurations,
    tenants: run.tenants.map((tenant) => {
      const parts = goodputOf(tenant)
      return {
        tenant: tenant.tenant,
        goodput: parts?.goodput ?? null,
        sloAttainment: parts?.sloAttainment ?? null,
        accuracy: parts?.accuracy ?? null,
        arrived: tenant.arrived,
        inTime: tenant.inTime,
        late: tenant.late,
        shed: tenant.shed,
        failed: tenant.failed,
        lost: tenant.lost,
        latencySeconds: tenant.latencySeconds,
        retrainingsDone: tenant.retrainingsDone,
      }
    }),
  }
}
