import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import type { ProblemSpan } from '../../control/build-problem.ts'
import type { ExecutorState } from '../../control/executor-state.ts'
import type { RetrainingForecast } from '../../core/forecast.ts'
import { slotsFor } from '../../core/plan/warm-up.ts'
import type { Site, SiteTenant } from '../../core/site.ts'
import type { ServiceTable } from '../../core/workload/service-table.ts'
import { foreseeArrivals } from '../../outlook/arrival-outlook.ts'
import { foreseeRetraining } from '../../outlook/retraining-outlook.ts'
import { type ServiceSpeed, scaledService } from '../../outlook/service-speed.ts'
import type { Foreseen } from '../../outlook/tenant-values.ts'
import { heldOutItemsMax } from './judge.ts'
import type { NodeBook } from './node-book.ts'

export type NodeOutlookOptions = {
  readonly site: Site
  /** Made once, by the simulator's own data plane; parallel to the tenants, as are the others. */
  readonly services: readonly ServiceTable[]
  readonly speed: ServiceSpeed
  readonly book: NodeBook
  /** Requests in each second before the run. */
  readonly history: readonly Float64Array[]
  readonly canRetrain: readonly boolean[]
  /** What requests are counted over where a run has no end. */
  readonly runSeconds: number | null
}

/** Without an end, the tenants' weights are shared out over so many windows. */
const windowsCounted = 10

/**
 * Expected of every tenant at all times, so that one that is quiet, or of which nothing was seen
 * yet, is still served: without an instance its next request would wait for one to be made.
 */
const reachableRps = 0.1

/** What is expected of each tenant, from what was seen. */
export function outlookOfNode(
  options: NodeOutlookOptions,
  moment: {
    readonly nowSeconds: number
    readonly span: ProblemSpan
    readonly state: ExecutorState
    readonly arrived: readonly Float64Array[]
  },
): readonly Foreseen[] {
  const { site, services, speed, book, history, canRetrain } = options
  const { nowSeconds, span, state, arrived } = moment
  const { startSeconds, endSeconds, windowIndex } = span
  const { slotSeconds, terminalSeconds, windowSeconds } = site
  const slotCount = slotsFor(endSeconds - startSeconds, slotSeconds)
  const horizon = { startSeconds, slotSeconds, slotCount, terminalSeconds }
  return site.tenants.map(({ id }, tenant): Foreseen => {
    const arrivals = foreseeArrivals(site, {
      nowSeconds,
      startSeconds,
      slotCount,
      historyCounts: must(history[tenant]),
      arrived: must(arrived[tenant]),
      runSeconds: options.runSeconds ?? nowSeconds + windowsCounted * windowSeconds,
      errorRng: new Rng(windowIndex, `forecast-error/${id}`),
    })
    const { job, candidate } = must(state.tenants[tenant])
    const isNew = book.of(tenant).usedUntilSeconds < book.labelsSeconds
    const { deployed, retraining, underWay } = foreseeRetraining(site, book, {
      tenant,
      nowSeconds,
      horizon,
      isOffered: must(canRetrain[tenant]) && job === null && candidate === null && isNew,
      jobId: job?.id ?? null,
    })
    const judging = judgingSeconds(must(site.tenants[tenant]))
    const meanRps = arrivals.forecast.meanRps.map((own) => Math.max(own, reachableRps))
    const outlook = {
      arrivals: { ...arrivals.forecast, meanRps },
      valuePerAnswer: 0,
      service: scaledService(must(services[tenant]), speed.factorsOf(tenant)),
      accuracyDeployed: deployed.perSlot,
      accuracyTerminal: deployed.terminal,
      retraining: retraining.map((own) => withJudging(own, judging)),
      underWay: underWay === null ? null : withJudging(underWay, judging),
    }
    return {
      outlook,
      arrivals: { ...arrivals, requestsOfRun: Math.max(1, arrivals.requestsOfRun) },
    }
  })
}

/** A version is judged on the instance that made it, by a worker that has to start for it. */
function withJudging(forecast: RetrainingForecast, seconds: readonly number[]): RetrainingForecast {
  const { secondsByClass } = forecast
  return {
    ...forecast,
    secondsByClass: secondsByClass.map((own, k) => (own === null ? null : own + must(seconds[k]))),
  }
}

/** Per class: where it cannot serve it cannot be judged either, which takes no time. */
function judgingSeconds({ inferenceStartSeconds, serving }: SiteTenant): readonly number[] {
  return serving.map((capability) =>
    capability === null
      ? 0
      : inferenceStartSeconds + (2 * heldOutItemsMax) / capability.capacityItemsPerSecond,
  )
}
