import { must } from '../base/assert.ts'
import type { Site } from '../core/site.ts'
import { oracleDeployed, oracleRetraining } from '../forecast/oracle-retraining.ts'
import type { RetrainingMoment, RetrainingOutlook } from '../outlook/retraining-outlook.ts'
import type { LabelBook } from './label-book.ts'
import type { TenantTruth } from './truth.ts'
import type { Versions } from './versions.ts'

/** The truth instead, for oracles: what a retraining gives but for its luck. */
export function knowRetraining(
  site: Site,
  world: { readonly truth: TenantTruth; readonly book: LabelBook; readonly versions: Versions },
  moment: RetrainingMoment,
): RetrainingOutlook {
  const { tenant, horizon, jobId } = moment
  const { truth, book, versions } = world
  const { retraining } = must(site.tenants[tenant])
  const { versionId } = book.of(tenant).deployed
  const trueSeconds = (seconds: readonly (number | null)[]): readonly (number | null)[] =>
    seconds.map((own, k) => (own === null ? null : own * must(truth.retrainingScale[k])))
  const offers = moment.isOffered ? retraining : []
  const job = jobId === null ? null : book.jobOf(jobId)
  const known = offers.map(({ configurationId, secondsByClass }) => {
    const { labelsSeconds } = book
    const accuracyAt = versions.prospectOf(tenant, {
      configurationId,
      from: versionId,
      labelsSeconds,
    })
    const truthOfIt = { configurationId, secondsByClass: trueSeconds(secondsByClass), accuracyAt }
    return oracleRetraining(truthOfIt, horizon)
  })
  return {
    deployed: oracleDeployed((at) => versions.accuracyOf(versionId, at), horizon),
    retraining: known,
    underWay:
      job === null || jobId === null
        ? null
        : oracleRetraining(
            {
              configurationId: job.configurationId,
              secondsByClass: trueSeconds(wholeSeconds(site, book, jobId)),
              accuracyAt: versions.outcomeOf(jobId),
            },
            horizon,
          ),
  }
}

function wholeSeconds(site: Site, book: LabelBook, jobId: string): readonly (number | null)[] {
  const { tenant, configurationId, probeSecondsByClass } = book.jobOf(jobId)
  const { retraining } = must(site.tenants[tenant])
  const own = must(retraining.find((other) => other.configurationId === configurationId))
  return own.secondsByClass.map((seconds, k) =>
    seconds === null ? null : seconds + must(probeSecondsByClass[k]),
  )
}
