import { must } from '../src/base/assert.ts'
import type { Rng } from '../src/base/rng.ts'
import type { AccuracyOutlook, Hindsight, RetrainingDone } from '../src/core/hindsight.ts'
import type { PlanningProblem, PlanningTenant } from '../src/core/plan/problem.ts'
import { type RandomProblemOptions, randomProblem } from './random-problem.ts'

/**
 * A run known in advance: windows with arrivals of their own, and versions whose accuracy falls
 * steadily from what their configuration gives, from the start of the window they were made in.
 */
export function randomHindsight(
  rng: Rng,
  options: RandomProblemOptions & { readonly windowCount: number },
): Hindsight {
  const { windowCount, ...rest } = options
  const first = randomProblem(rng.split('run'), { ...rest, hasRunning: false, hasBlocked: false })
  const drift = first.tenants.map(({ id }) => 0.1 * rng.split(id).uniform())
  const outlook = (tenant: number, window: number, history: readonly RetrainingDone[]) =>
    outlookOf(first, must(drift[tenant]), { tenant, window, history })
  const windows = Array.from({ length: windowCount }, (_, window) => {
    const own = rng.split(`window ${window}`)
    return {
      ...first,
      windowIndex: window,
      startSeconds: window * first.slotCount * first.slotSeconds,
      isFirstLayoutFree: window === 0,
      tenants: first.tenants.map((tenant, index) => ({
        ...withNewArrivals(own.split(tenant.id), tenant),
        ...outlook(index, window, []),
      })),
    }
  })
  return { windows, outlook }
}

/** The same arrivals from another slot on, and another level. */
function withNewArrivals(rng: Rng, tenant: PlanningTenant): PlanningTenant {
  const { meanRps } = tenant.arrivals
  const from = rng.integer(meanRps.length)
  const level = 0.6 + 0.8 * rng.uniform()
  const turned = [...meanRps.slice(from), ...meanRps.slice(0, from)].map((rps) => rps * level)
  return { ...tenant, arrivals: { ...tenant.arrivals, meanRps: turned } }
}

function outlookOf(
  first: PlanningProblem,
  driftPerWindow: number,
  asked: {
    readonly tenant: number
    readonly window: number
    readonly history: readonly RetrainingDone[]
  },
): AccuracyOutlook {
  const { retraining, accuracyDeployed } = must(first.tenants[asked.tenant])
  const last = asked.history.at(-1)
  const made = retraining.find((own) => own.configurationId === last?.configurationId)
  const fresh = must((made?.accuracyAfter ?? accuracyDeployed)[0])
  const during = (peak: number, since: number) =>
    Array.from({ length: first.slotCount }, (_, t) => {
      const windows = asked.window - since + t / first.slotCount
      return Math.max(0.1, peak - driftPerWindow * windows)
    })
  const since = last?.window ?? -1
  return {
    accuracyDeployed: during(fresh, since),
    accuracyTerminal: must(during(fresh, since - 1)[0]),
    retraining: retraining.map((own) => {
      const peak = must(own.accuracyAfter[0])
      const accuracyAfter = during(peak, asked.window)
      return { ...own, accuracyAfter, accuracyTerminal: must(during(peak, asked.window - 1)[0]) }
    }),
  }
}
