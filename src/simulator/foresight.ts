import { must, unreachable } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { ProblemSpan, TenantOutlook } from '../control/build-problem.ts'
import type { ExecutorState } from '../control/executor-state.ts'
import type { RetrainingForecast } from '../core/forecast.ts'
import { slotsFor } from '../core/plan/warm-up.ts'
import type { Information } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import { withAccuracyError } from '../forecast/injected-error.ts'
import {
  type ArrivalMoment,
  type ArrivalOutlook,
  foreseeArrivals,
} from '../outlook/arrival-outlook.ts'
import {
  foreseeRetraining,
  type RetrainingMoment,
  type RetrainingOutlook,
} from '../outlook/retraining-outlook.ts'
import { type ServiceSpeed, scaledService } from '../outlook/service-speed.ts'
import type { Foreseen } from '../outlook/tenant-values.ts'
import { knowArrivals } from './known-arrivals.ts'
import { knowRetraining } from './known-retraining.ts'
import type { LabelBook } from './label-book.ts'
import { probe } from './probing.ts'
import type { Truth } from './truth.ts'
import type { Versions } from './versions.ts'

export type PlanMoment = {
  readonly nowSeconds: number
  readonly span: ProblemSpan
  readonly state: ExecutorState
  /** Requests of each tenant in each whole second of the run so far. */
  readonly arrived: readonly Float64Array[]
}

/** What a policy is told of the future: forecasts, or the truth if it is an oracle. */
export class Foresight {
  readonly #options: {
    readonly site: Site
    readonly truth: Truth
    readonly versions: Versions
    readonly book: LabelBook
    readonly services: readonly ServiceTable[]
    readonly speed: ServiceSpeed
    readonly information: Information
    readonly rng: Rng
  }
  /**
   * What was last expected of each tenant's configurations: the clearly worse are not tried again.
   */
  readonly #lastOffers: (readonly RetrainingForecast[])[]

  constructor(options: {
    readonly site: Site
    readonly truth: Truth
    readonly versions: Versions
    readonly book: LabelBook
    readonly services: readonly ServiceTable[]
    readonly speed: ServiceSpeed
    readonly information: Information
    readonly rng: Rng
  }) {
    this.#options = options
    this.#lastOffers = options.site.tenants.map(() => [])
  }

  /**
   * At a window's start, after its labels have come: configurations are tried out on them, for a
   * policy that wants that.
   */
  probeAll(state: ExecutorState, windowIndex: number): void {
    const { site, book, versions, information, rng } = this.#options
    if (information.retraining === 'truth' || information.probes === undefined) return
    for (const [tenant, { id }] of site.tenants.entries()) {
      if (!this.#isOffered(state, tenant)) continue
      const { probes, secondsByClass } = probe({
        site,
        versions,
        tenant,
        configurationIds: this.#worthTrying(tenant),
        from: book.of(tenant).deployed.versionId,
        labelsSeconds: book.labelsSeconds,
        heldOutLabels: book.heldOutLabels(tenant),
        rng: rng.split(`probe/${id}/${windowIndex}`),
      })
      book.probed(tenant, probes, secondsByClass)
    }
  }

  /** Parallel to the site's tenants. */
  outlooks(moment: PlanMoment): readonly Foreseen[] {
    return this.#options.site.tenants.map((_, tenant) => this.#outlook(tenant, moment))
  }

  #outlook(tenant: number, moment: PlanMoment): Foreseen {
    const arrivals = this.#arrivals(tenant, moment)
    const { deployed, retraining, underWay } = this.#retraining(tenant, moment)
    if (retraining.length > 0) this.#lastOffers[tenant] = retraining
    const { historyItems } = must(this.#options.truth.tenants[tenant])
    const outlook: TenantOutlook = {
      ...(historyItems === null ? {} : { observedItems: historyItems }),
      arrivals: arrivals.forecast,
      valuePerAnswer: 0,
      service: this.#serviceOf(tenant),
      accuracyDeployed: deployed.perSlot,
      accuracyTerminal: deployed.terminal,
      retraining,
      underWay,
    }
    return { outlook, arrivals }
  }

  /** By the profile, corrected by what the tenant's batches were seen to take. */
  #serviceOf(tenant: number): ServiceTable {
    const table = must(this.#options.services[tenant])
    return scaledService(table, this.#options.speed.factorsOf(tenant))
  }

  #arrivals(tenant: number, { nowSeconds, span, arrived }: PlanMoment): ArrivalOutlook {
    const { site, truth, information, rng } = this.#options
    const { startSeconds, endSeconds, windowIndex } = span
    const own = must(truth.tenants[tenant])
    const moment: ArrivalMoment = {
      nowSeconds,
      startSeconds,
      slotCount: slotsFor(endSeconds - startSeconds, site.slotSeconds),
      historyCounts: own.historyCounts,
      arrived: must(arrived[tenant]),
      runSeconds: must(site.simulation).durationSeconds,
      errorRng: rng.split(`forecast-error/${must(site.tenants[tenant]).id}/${windowIndex}`),
    }
    switch (information.arrivals) {
      case 'truth':
        return knowArrivals(site, own, moment)
      case 'forecast':
        return foreseeArrivals(site, moment)
      case 'last-window': {
        // Measured, not forecast: an error put on forecasts is none of it.
        const forecast = { ...site.forecast, arrivals: 'last-window', injectedError: 0 } as const
        const windowSeconds = information.measuredSeconds ?? site.windowSeconds
        return foreseeArrivals({ ...site, windowSeconds, forecast }, moment)
      }
      default:
        return unreachable(information.arrivals)
    }
  }

  #retraining(tenant: number, { nowSeconds, span, state }: PlanMoment): RetrainingOutlook {
    const { site, truth, versions, book, information } = this.#options
    const { startSeconds, endSeconds } = span
    const { slotSeconds, terminalSeconds } = site
    const slotCount = slotsFor(endSeconds - startSeconds, slotSeconds)
    const moment: RetrainingMoment = {
      tenant,
      nowSeconds,
      horizon: { startSeconds, slotSeconds, slotCount, terminalSeconds },
      isOffered: this.#isOffered(state, tenant),
      jobId: must(state.tenants[tenant]).job?.id ?? null,
    }
    if (information.retraining === 'forecast') {
      const foreseen = foreseeRetraining(site, book, moment)
      return { ...foreseen, retraining: this.#mistaken(tenant, span, foreseen.retraining) }
    }
    return knowRetraining(site, { truth: must(truth.tenants[tenant]), book, versions }, moment)
  }

  /** One draw for a tenant, configuration and window: who plans anew is told the same. */
  #mistaken(
    tenant: number,
    { windowIndex }: ProblemSpan,
    offers: readonly RetrainingForecast[],
  ): readonly RetrainingForecast[] {
    const { site, rng } = this.#options
    const { injectedAccuracyError = 0 } = site.forecast
    const own = rng.split(`accuracy-error/${must(site.tenants[tenant]).id}/${windowIndex}`)
    return offers.map((offer) =>
      withAccuracyError(offer, injectedAccuracyError, own.split(offer.configurationId)),
    )
  }

  /** One retraining at a time, and not twice on the same labels: there is nothing new in them. */
  #isOffered(state: ExecutorState, tenant: number): boolean {
    const { job, candidate } = must(state.tenants[tenant])
    const { usedUntilSeconds } = this.#options.book.of(tenant)
    const isNew = usedUntilSeconds < this.#options.book.labelsSeconds
    return job === null && candidate === null && isNew
  }

  #worthTrying(tenant: number): readonly string[] {
    const last = must(this.#lastOffers[tenant])
    const all = must(this.#options.site.tenants[tenant]).retraining
    if (last.length === 0) return all.map(({ configurationId }) => configurationId)
    const best = Math.max(...last.map(({ accuracyTerminal }) => accuracyTerminal))
    return last
      .filter((own) => own.accuracyTerminal + own.accuracyUncertainty >= best)
      .map(({ configurationId }) => configurationId)
  }
}
