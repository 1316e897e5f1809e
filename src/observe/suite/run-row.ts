import { must } from '../../base/assert.ts'
import type { Site } from '../../core/site.ts'
import { goodputOf, headline } from '../goodput.ts'
import type { RunResult, TenantResult } from '../run-result.ts'
import { mean } from '../statistics.ts'
import type { OwnObjectives, RunRow, SuiteTenant } from './suite-row.ts'

type Told = Pick<
  RunRow,
  'scenario' | 'seed' | 'policy' | 'knobs' | 'budget' | 'inputHash' | 'mechanism' | 'toldArrivals'
>

/** A run as a line of a results file. `steps`: counted work of each plan. */
export function runRow(
  told: Told,
  { result, site, steps }: { result: RunResult; site: Site; steps: readonly number[] },
): RunRow {
  const { goodput, sloAttainment, accuracy } = headline(result)
  const gaps = result.plans.flatMap(({ gap }) => gap ?? [])
  return {
    kind: 'run',
    ...told,
    goodput: rounded(goodput, 8),
    sloAttainment: rounded(sloAttainment, 8),
    accuracy: rounded(accuracy, 8),
    bound: rounded(result.bound, 8),
    tenants: result.tenants.map((own, i) => tenantOf(own, must(site.tenants[i]).sloSeconds)),
    own: ownObjectives(result),
    capacityLostRequests: rounded(lostIn(result), 7),
    reconfigurations: result.reconfigurations,
    gpuHours: rounded(result.gpuSecondsUsed / 3600, 5),
    work: {
      plans: result.plans.length,
      infeasible: result.plans.filter(({ status }) => status === 'infeasible').length,
      stepsMean: Math.round(steps.length === 0 ? 0 : mean(steps)),
      stepsMax: Math.round(Math.max(0, ...steps)),
      chargedSeconds: result.plans.reduce((sum, own) => sum + own.chargedSeconds, 0),
      gapMean: gaps.length === 0 ? null : rounded(mean(gaps), 5),
    },
  }
}

export function lostIn({ tenants }: RunResult): number {
  return tenants.reduce((sum, own) => sum + own.capacityLostRequests, 0)
}

function tenantOf(own: TenantResult, sloSeconds: number): SuiteTenant {
  const parts = goodputOf(own)
  return {
    tenant: own.tenant,
    sloSeconds,
    goodput: parts && rounded(parts.goodput, 6),
    sloAttainment: parts && rounded(parts.sloAttainment, 6),
    accuracy: parts && rounded(parts.accuracy, 6),
    arrived: own.arrived,
    inTime: own.inTime,
    late: own.late,
    shed: own.shed,
    lost: own.failed + own.lost,
    latencySeconds: own.latencyQuantilesSeconds.map((seconds) => rounded(seconds, 3)),
    retrainings: own.retrainingsDone,
  }
}

/** The share of a window's requests that has to be answered in time to be within the SLO. */
const withinSlo = 0.99

function ownObjectives({ tenants }: RunResult): OwnObjectives {
  const served = tenants.filter(({ arrived }) => arrived > 0)
  if (served.length === 0)
    return { windowAccuracy: 0, windowAccuracyAnswered: 0, windowsWithinSlo: 0 }
  const accuracies = served.map(({ perWindow }) => mean(perWindow.map((own) => own.accuracy)))
  const answered = served.map(({ inTime, late, arrived }) => (inTime + late) / arrived)
  const within = served.map(({ perWindow }) =>
    mean(perWindow.map((own) => (own.sloAttainment >= withinSlo ? 1 : 0))),
  )
  return {
    windowAccuracy: rounded(mean(accuracies), 6),
    windowAccuracyAnswered: rounded(mean(accuracies.map((own, i) => own * must(answered[i]))), 6),
    windowsWithinSlo: rounded(mean(within), 4),
  }
}

/** Significant digits that a reader could use; files get smaller by half. */
export function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits))
}
