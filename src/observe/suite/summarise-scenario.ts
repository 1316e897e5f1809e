import { must } from '../../base/assert.ts'
import { latencyShares } from '../run-result.ts'
import { type Interval, interval95, mean } from '../statistics.ts'
import type { BestOther, ScenarioPolicy, ScenarioResult } from './suite-result.ts'
import type { RunRow } from './suite-row.ts'

/** One scenario's rows, all of the base grid: same seeds for every policy, or the seeds it has. */
export function summariseScenario(options: {
  readonly name: string
  readonly isContinuousLearning: boolean
  readonly rows: readonly RunRow[]
  readonly reference: string
}): ScenarioResult {
  const { name, rows, reference, isContinuousLearning } = options
  const names = [...new Set(rows.map(({ policy }) => policy))]
  const ofPolicy = (policy: string) => rows.filter((own) => own.policy === policy)
  const referenceRows = ofPolicy(reference)
  const policies: Record<string, ScenarioPolicy> = {}
  for (const policy of names) {
    policies[policy] = summarisePolicy(
      ofPolicy(policy),
      policy === reference ? null : referenceRows,
    )
  }
  const seeds = [...new Set(rows.map(({ seed }) => seed))].sort((a, b) => a - b)
  const others = names.filter((own) => own !== reference)
  const honest = others.filter((own) => policies[own]?.isOracle === false)
  return {
    name,
    isContinuousLearning,
    seeds,
    requests: mean((referenceRows.length > 0 ? referenceRows : rows).map(requestsIn)),
    policies,
    bounds: boundsIn(rows),
    bestOther: bestOf(policies, others),
    bestOtherToldNoTruth: bestOf(policies, honest),
  }
}

export function requestsIn({ tenants }: RunRow): number {
  return tenants.reduce((sum, { arrived }) => sum + arrived, 0)
}

/** Pairs of rows with one seed: the reference's and the other's. */
export function pairsOf(
  reference: readonly RunRow[],
  other: readonly RunRow[],
): readonly { readonly reference: RunRow; readonly other: RunRow }[] {
  return other.flatMap((own) => {
    const found = reference.find(({ seed }) => seed === own.seed)
    return found === undefined ? [] : [{ reference: found, other: own }]
  })
}

/** A policy without any Goodput gives no ratio: one request in ten thousand stands for none. */
const goodputMin = 1e-4

export function relativeGain(pair: {
  readonly reference: Pick<RunRow, 'goodput'>
  readonly other: Pick<RunRow, 'goodput'>
}): number {
  const { reference, other } = pair
  return (reference.goodput - other.goodput) / Math.max(goodputMin, other.goodput)
}

function summarisePolicy(
  rows: readonly RunRow[],
  reference: readonly RunRow[] | null,
): ScenarioPolicy {
  const pairs = reference === null ? [] : pairsOf(reference, rows)
  const over = (value: (pair: (typeof pairs)[number]) => number): Interval | null =>
    pairs.length === 0 ? null : interval95(pairs.map(value))
  const mean1 = (pick: (row: RunRow) => number) => mean(rows.map(pick))
  const total = (pick: (tenant: RunRow['tenants'][number]) => number) =>
    mean1((row) => row.tenants.reduce((sum, own) => sum + pick(own), 0))
  return {
    goodput: interval95(rows.map(({ goodput }) => goodput)),
    sloAttainment: mean1((own) => own.sloAttainment),
    accuracy: mean1((own) => own.accuracy),
    pairedDifference: over((pair) => pair.reference.goodput - pair.other.goodput),
    pairedRelativeGain: over(relativeGain),
    shareOfBound: mean1(({ goodput, bound }) => (bound > 0 ? goodput / bound : 0)),
    isOracle: rows.some(({ toldArrivals }) => toldArrivals === 'truth'),
    own: {
      windowAccuracy: mean1(({ own }) => own.windowAccuracy),
      windowAccuracyAnswered: mean1(({ own }) => own.windowAccuracyAnswered),
      windowsWithinSlo: mean1(({ own }) => own.windowsWithinSlo),
    },
    latencyOverSlo: latencyShares.map((_, i) => mean1((row) => worstOverSlo(row, i))),
    shed: total((own) => own.shed),
    late: total((own) => own.late),
    lost: total((own) => own.lost),
    capacityLostRequests: mean1((own) => own.capacityLostRequests),
    reconfigurations: mean1((own) => own.reconfigurations),
    retrainings: total((own) => own.retrainings),
    work: {
      plans: mean1(({ work }) => work.plans),
      stepsMean: mean1(({ work }) => work.stepsMean),
      stepsMax: Math.max(...rows.map(({ work }) => work.stepsMax)),
    },
  }
}

function worstOverSlo({ tenants }: RunRow, share: number): number {
  return Math.max(...tenants.map((own) => must(own.latencySeconds[share]) / own.sloSeconds))
}

function boundsIn(rows: readonly RunRow[]): Readonly<Record<string, Interval>> {
  const mechanisms = [...new Set(rows.map(({ mechanism }) => mechanism))].sort()
  return Object.fromEntries(
    mechanisms.map((mechanism) => {
      const own = rows.filter((row) => row.mechanism === mechanism)
      const bySeed = new Map(own.map(({ seed, bound }) => [seed, bound]))
      return [mechanism, interval95([...bySeed.values()])]
    }),
  )
}

function bestOf(
  policies: Readonly<Record<string, ScenarioPolicy>>,
  names: readonly string[],
): BestOther | null {
  const byGoodput = (name: string) => must(policies[name]).goodput.mean
  const best = [...names].sort((a, b) => byGoodput(b) - byGoodput(a))[0]
  const difference = best === undefined ? null : must(policies[best]).pairedDifference
  if (best === undefined || difference === null) return null
  // One seed has no interval, and differences of nothing but rounding are none.
  const isReferenceBehind = difference.low < difference.high && difference.high < -1e-6
  return { policy: best, pairedDifference: difference, isReferenceBehind }
}
