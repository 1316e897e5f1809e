import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { Packer } from '../placing/packer.ts'
import type { RetrainingBlock } from '../placing/retraining-choices.ts'
import {
  type RetrainingChoice,
  retrainingChoices,
  slotsToRetrain,
} from '../placing/retraining-choices.ts'
import {
  capacityRps,
  meanOf,
  meanRps,
  type SizeFigures,
  splitIntoSizes,
} from '../placing/size-figures.ts'
import type { Wanted } from '../placing/wanted.ts'
import { fairShares } from './fair-shares.ts'
import { type EkyaStream, pickConfigurations } from './pick-configurations.ts'
import { type Allocation, stealShares } from './steal-shares.ts'

export type EkyaSettings = {
  /** Compute slices (per cent, for shares) in a quantum. */
  readonly quantum: number
  /** a_MIN. */
  readonly accuracyMin: number
  readonly passes: 'one' | 'until-stable'
  /** Estimates after which nothing more is stolen; no limit where left out. */
  readonly estimatesMax?: number
}

/** What the thief scheduler decided for a tenant; amounts are in the unit of sizes. */
export type EkyaShare = {
  readonly tenantIndex: number
  readonly inference: number
  readonly retraining: number
  /** Null: it does not retrain, whatever it was given for it. */
  readonly choice: RetrainingChoice | null
}

export type EkyaDecision = {
  readonly shares: readonly EkyaShare[]
  /** Of one way to go on with one stream (Algorithm 2), in all allocations that were evaluated. */
  readonly estimates: number
}

/**
 * Ekya for tenants that answer requests (our adapter): a stream is a tenant, and what inference
 * keeps of its accuracy is the share of the mean load that its instances can carry. Retrainings
 * that run keep their instances and are no jobs. Null where no shares can be given.
 */
export function ekyaShares(
  problem: PlanningProblem,
  context: {
    readonly figures: SizeFigures
    readonly packer: Packer
    readonly continued: readonly RetrainingBlock[]
    /** What `continued` holds, in the unit of sizes. */
    readonly held: number
    readonly settings: EkyaSettings
  },
): EkyaDecision | null {
  const { figures, packer, continued, held, settings } = context
  const { quantum, accuracyMin, passes, estimatesMax = Number.POSITIVE_INFINITY } = settings
  const jobs = jobsOf(problem, continued)
  const streams = jobs.tenants.map((own) => streamOf(problem, figures, own, quantum))
  const quanta = Math.floor((figures.total - held) / quantum)
  const window = { remainingSeconds: problem.slotCount * problem.slotSeconds, accuracyMin }
  const fits = (allocation: Allocation): boolean => {
    const amounts = allocation.map((own) => own * quantum)
    return packer.fits(wantedOf(jobs, amounts, figures.sizes))
  }
  const starts = fairStarts(jobs, quanta)
  const estimatesEach = streams.reduce((sum, own) => sum + 1 + own.configurations.length, 0)
  const stolen = stealShares({
    start: starts.find(fits) ?? must(starts[0]),
    passes,
    evaluationsMax: Math.floor(estimatesMax / Math.max(1, estimatesEach)),
    evaluate: (allocation) =>
      fits(allocation) ? pickConfigurations(streams, allocation, window) : null,
  })
  if (stolen === null) return null
  const { allocation, merit, evaluations } = stolen
  const shares = jobs.tenants.map((own, i): EkyaShare => {
    const { tenantIndex, inferenceJob, retrainingJob, choices } = own
    const configuration = merit.configurations[i] ?? null
    return {
      tenantIndex,
      inference: must(allocation[inferenceJob]) * quantum,
      retraining: retrainingJob === null ? 0 : must(allocation[retrainingJob]) * quantum,
      choice: configuration === null ? null : must(choices[configuration]),
    }
  })
  return { shares, estimates: evaluations * estimatesEach }
}

type TenantJobs = {
  readonly tenantIndex: number
  readonly inferenceJob: number
  readonly retrainingJob: number | null
  readonly choices: readonly RetrainingChoice[]
}

type Jobs = { readonly count: number; readonly tenants: readonly TenantJobs[] }

/** In the order of tenants, each one's inference before its retraining if it has any. */
function jobsOf(problem: PlanningProblem, continued: readonly RetrainingBlock[]): Jobs {
  let count = 0
  const tenants = problem.tenants.map((_, tenantIndex): TenantJobs => {
    const isRunning = continued.some((own) => own.tenantIndex === tenantIndex)
    const choices = isRunning ? [] : retrainingChoices(problem, tenantIndex)
    const inferenceJob = count
    const retrainingJob = choices.length === 0 ? null : count + 1
    count += choices.length === 0 ? 1 : 2
    return { tenantIndex, inferenceJob, retrainingJob, choices }
  })
  return { count, tenants }
}

/**
 * Fair shares of all jobs; where these cannot be given (memory for all of their workers, instances
 * of their sizes), of inference alone, and then of fewer and fewer tenants'.
 */
function fairStarts({ count, tenants }: Jobs, quanta: number): readonly Allocation[] {
  const inference = tenants.map(({ inferenceJob }) => inferenceJob)
  const fewer = inference.map((_, i) => inference.slice(0, inference.length - i))
  return [
    fairShares(quanta, count),
    ...fewer.map((some) => {
      const fair = fairShares(quanta, some.length)
      return Array.from({ length: count }, (_, job) => fair[some.indexOf(job)] ?? 0)
    }),
  ]
}

function streamOf(
  problem: PlanningProblem,
  figures: SizeFigures,
  { tenantIndex, inferenceJob, retrainingJob, choices }: TenantJobs,
  quantum: number,
): EkyaStream {
  const tenant = must(problem.tenants[tenantIndex])
  const demand = meanRps(tenant)
  const kept = remembered((quanta) => {
    if (demand <= 0) return 1
    const parts = splitIntoSizes(quanta * quantum, figures.sizes)
    const capacity = parts.reduce((sum, size) => {
      return sum + capacityRps(tenant, figures.classOf(size))
    }, 0)
    return Math.min(1, capacity / demand)
  })
  return {
    accuracy: meanOf(tenant.accuracyDeployed),
    keptShare: kept,
    configurations: choices.map((choice) => ({
      accuracyAfter: meanOf(choice.forecast.accuracyAfter),
      secondsOn: remembered((quanta) => {
        const size = figures.sizes.find((own) => own <= quanta * quantum)
        if (size === undefined) return null
        const slots = slotsToRetrain(problem, tenantIndex, choice, figures.classOf(size))
        return slots === null ? null : slots * problem.slotSeconds
      }),
    })),
    inferenceJob,
    retrainingJob,
  }
}

function remembered<T>(of: (quanta: number) => T): (quanta: number) => T {
  const known = new Map<number, T>()
  return (quanta) => {
    if (!known.has(quanta)) known.set(quanta, of(quanta))
    return known.get(quanta) as T
  }
}

/** The instances that these amounts come to: a retraining has one, inference may have several. */
function wantedOf(
  { tenants }: Jobs,
  amounts: readonly number[],
  sizes: readonly number[],
): readonly Wanted[] {
  return tenants.flatMap(({ tenantIndex, inferenceJob, retrainingJob }): readonly Wanted[] => {
    const wanted = (size: number, role: Wanted['role']): Wanted => ({ size, tenantIndex, role })
    const inference = splitIntoSizes(must(amounts[inferenceJob]), sizes)
    const serving = inference.map((size) => wanted(size, 'inference'))
    if (retrainingJob === null) return serving
    const [size] = splitIntoSizes(must(amounts[retrainingJob]), sizes)
    return size === undefined ? serving : [...serving, wanted(size, 'retraining')]
  })
}
