import { Rng } from '../src/base/rng.ts'
import { latencyShares } from '../src/observe/run-result.ts'
import type { RunRow, SuiteKnobs } from '../src/observe/suite/suite-row.ts'

/** A made-up row of a results file: `goodput` is given, the rest is well-formed. */
export function randomRow(own: {
  readonly scenario: string
  readonly seed: number
  readonly policy: string
  readonly goodput: number
  readonly knobs?: SuiteKnobs
}): RunRow {
  const { goodput, knobs = {}, ...rest } = own
  const rng = new Rng(own.seed, `${own.scenario}/${own.policy}/${JSON.stringify(knobs)}`)
  const arrived = 10_000 + rng.integer(5_000)
  const accuracy = 0.9
  const inTime = Math.round((goodput / accuracy) * arrived)
  return {
    kind: 'run',
    ...rest,
    knobs,
    budget: { plannerWork: 3_500 },
    inputHash: rng.nextUint32().toString(16),
    mechanism: own.policy.startsWith('ekya') ? 'mps' : 'mig',
    toldArrivals: own.policy.startsWith('static-best') ? 'truth' : 'forecast',
    goodput,
    sloAttainment: goodput / accuracy,
    accuracy,
    bound: Math.min(1, goodput + 0.1),
    tenants: [
      {
        tenant: 'vision <b>',
        sloSeconds: 0.1,
        goodput,
        sloAttainment: goodput / accuracy,
        accuracy,
        arrived,
        inTime,
        late: 0,
        shed: arrived - inTime,
        lost: 0,
        latencySeconds: latencyShares.map((share) => 0.1 * share),
        retrainings: 3,
      },
    ],
    own: { windowAccuracy: accuracy, windowAccuracyAnswered: goodput, windowsWithinSlo: 0.5 },
    capacityLostRequests: 100 * rng.uniform(),
    reconfigurations: 5,
    gpuHours: 0.2,
    work: {
      plans: 4,
      infeasible: 0,
      stepsMean: 1000,
      stepsMax: 2000,
      chargedSeconds: 8,
      gapMean: 0.003,
    },
  }
}
