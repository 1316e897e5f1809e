import type { Site } from '../core/site.ts'
import { oracleArrivals } from '../forecast/oracle-arrivals.ts'
import type { ArrivalMoment, ArrivalOutlook } from '../outlook/arrival-outlook.ts'
import type { TenantTruth } from './truth.ts'

/** The truth instead, for oracles. */
export function knowArrivals(
  site: Site,
  truth: TenantTruth,
  moment: Pick<ArrivalMoment, 'nowSeconds' | 'startSeconds' | 'slotCount'>,
): ArrivalOutlook {
  const { nowSeconds, startSeconds, slotCount } = moment
  const { arrivals } = truth
  const { slotSeconds } = site
  const forecast = oracleArrivals(arrivals, { startSeconds, slotSeconds, slotCount })
  const fromSecond = Math.floor(nowSeconds)
  const ofRun = arrivals.ratesRps.subarray(arrivals.historySeconds)
  return {
    forecast,
    perSecond: { fromSecond, meanRps: Array.from(ofRun.subarray(fromSecond)) },
    backTest: null,
    requestsOfRun: ofRun.reduce((sum, rate) => sum + rate, 0),
  }
}
