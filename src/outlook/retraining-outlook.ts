import { must } from '../base/assert.ts'
import type { RetrainingForecast } from '../core/forecast.ts'
import { measuredConfiguration } from '../core/learning/accuracy-table.ts'
import type {
  AccuracySample,
  DeployedVersion,
  FinishedRetraining,
  ProbeReading,
} from '../core/observation.ts'
import type { Site, SiteRetraining } from '../core/site.ts'
import {
  bestFreshAccuracy,
  deployedAccuracyNow,
  forecastDeployed,
} from '../forecast/deployed-accuracy.ts'
import { type DriftEstimate, estimateDrift } from '../forecast/drift-estimate.ts'
import { forecastRetraining } from '../forecast/forecast-retraining.ts'
import type { Horizon, OverHorizon } from '../forecast/horizon.ts'
import type { Estimate } from '../forecast/learning-curve.ts'
import { retrainingSpeed, speedReadings } from '../forecast/retraining-speed.ts'

/** What a controller has learned of versions and retrainings, in the lab and on a node alike. */
export type LearningBook = {
  /** Up to when labels have come back. */
  readonly labelsSeconds: number
  readonly of: (tenant: number) => {
    readonly deployed: DeployedVersion
    readonly samples: readonly AccuracySample[]
    readonly finished: readonly FinishedRetraining[]
    readonly probes: readonly ProbeReading[]
    /** What probing adds to the retraining that follows; parallel to the site's classes. */
    readonly probeSecondsByClass: readonly number[]
  }
  /** A retraining as it was begun; it must have been. */
  readonly jobOf: (jobId: string) => {
    readonly configurationId: string
    /** Up to when the labels reach that it was given. */
    readonly labelsSeconds: number
    readonly probes: readonly ProbeReading[]
    readonly probeSecondsByClass: readonly number[]
  }
}

/** What is expected of one tenant's accuracy and retraining. */
export type RetrainingOutlook = {
  readonly deployed: OverHorizon
  readonly retraining: readonly RetrainingForecast[]
  readonly underWay: RetrainingForecast | null
}

export type RetrainingMoment = {
  readonly tenant: number
  readonly nowSeconds: number
  readonly horizon: Horizon
  /** Whether a new retraining may be started at all. */
  readonly isOffered: boolean
  readonly jobId: string | null
}

/** Believed of a version before any label of it: better than chance, no more. */
const unknownAccuracy: Estimate = { mean: 0.75, deviation: 0.15 }
/** Drift seen that many windows ago counts half. */
const driftHalfLifeWindows = 3
/** From that share of a window on, labels count as old. */
const kneeShare = 0.5

/** Forecast from labels, probes and what earlier retrainings came to. */
export function foreseeRetraining(
  site: Site,
  book: LearningBook,
  moment: RetrainingMoment,
): RetrainingOutlook {
  const { tenant, nowSeconds, horizon, jobId } = moment
  const { retraining } = must(site.tenants[tenant])
  const { deployed, samples, probes, probeSecondsByClass } = book.of(tenant)
  const halfLifeSeconds = driftHalfLifeWindows * site.windowSeconds
  const kneeSeconds = kneeShare * site.windowSeconds
  const drift = estimateDrift(samples, { nowSeconds, halfLifeSeconds, kneeSeconds })
  const accuracyAt = (atSeconds: number): Estimate =>
    deployedAccuracyNow(deployed, samples, {
      nowSeconds: atSeconds,
      drift,
      unknown: unknownAccuracy,
    })
  const common = { site, book, tenant, horizon, drift }
  const { labelsSeconds } = book
  const start = accuracyAt(labelsSeconds)
  const fresh = bestFreshAccuracy(testsOf(book, tenant), drift, unknownAccuracy) ?? start
  const offers = moment.isOffered ? retraining : []
  return {
    deployed: forecastDeployed(accuracyAt(horizon.startSeconds), drift, {
      horizon,
      versionLabelledUntilSeconds: deployed.versionLabelledUntilSeconds,
    }),
    retraining: offers.map((own) =>
      forecastOne(common, own, { start, fresh, probes, probeSecondsByClass, labelsSeconds }),
    ),
    underWay: jobId === null ? null : forecastJob(common, jobId, { start, fresh }),
  }
}

/** All tests of the tenant's versions, deployed or not. */
function testsOf(book: LearningBook, tenant: number): readonly AccuracySample[] {
  const { deployed, samples, finished } = book.of(tenant)
  const { heldOut, ...version } = deployed
  const atSeconds = version.versionLabelledUntilSeconds
  return [
    ...samples,
    ...(heldOut === null ? [] : [{ ...version, atSeconds, ...heldOut }]),
    ...finished.map(({ versionId, versionLabelledUntilSeconds, after }) => ({
      versionId,
      versionLabelledUntilSeconds,
      atSeconds: versionLabelledUntilSeconds,
      ...after,
    })),
  ]
}

type Common = {
  readonly site: Site
  readonly book: LearningBook
  readonly tenant: number
  readonly horizon: Horizon
  readonly drift: DriftEstimate
}

type Start = { readonly start: Estimate; readonly fresh: Estimate }
type Basis = Start & {
  readonly probes: readonly ProbeReading[]
  readonly probeSecondsByClass: readonly number[]
  readonly labelsSeconds: number
}

function forecastOne(common: Common, own: SiteRetraining, basis: Basis): RetrainingForecast {
  const { site, book, tenant, horizon, drift } = common
  const { accuracy, retraining } = must(site.tenants[tenant])
  const { finished } = book.of(tenant)
  const { configurationId, secondsByClass } = own
  const { epochs } = measuredConfiguration(accuracy, configurationId)
  const readings = retraining.flatMap((other) => {
    const runs = finished.filter((run) => run.configurationId === other.configurationId)
    return speedReadings(
      runs.filter(({ classIndex }) => classIndex >= 0),
      other.secondsByClass,
    )
  })
  const speed = retrainingSpeed(readings)
  return forecastRetraining({
    configurationId,
    epochs,
    secondsByClass: secondsByClass.map((seconds, k) =>
      seconds === null ? null : seconds + must(basis.probeSecondsByClass[k]),
    ),
    speed,
    finished,
    probes: basis.probes,
    start: basis.start,
    fresh: basis.fresh,
    drift,
    labelledUntilSeconds: basis.labelsSeconds,
    horizon,
  })
}

/** As it was begun: from its own labels and probes. */
function forecastJob(common: Common, jobId: string, from: Start): RetrainingForecast {
  const { site, book, tenant } = common
  const { configurationId, probes, probeSecondsByClass, labelsSeconds } = book.jobOf(jobId)
  const own = must(
    must(site.tenants[tenant]).retraining.find((r) => r.configurationId === configurationId),
  )
  return forecastOne(common, own, { ...from, probes, probeSecondsByClass, labelsSeconds })
}
