import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { Site } from '../core/site.ts'
import {
  advanceDeviation,
  type DeviationState,
  type DeviationTest,
  startDeviation,
} from '../forecast/deviation.ts'
import { deviationLimit } from '../forecast/deviation-limit.ts'
import type { ArrivalOutlook } from './arrival-outlook.ts'

/** A lasting difference of a fifth is worth a new plan. */
const relativeChangeMin = 0.2
/** At most one false alarm in ten windows, of all tenants together. */
const falseAlarmShare = 0.1
const alarmsPerWindowMax = 2
/** Of a window: a plan takes seconds to make and warm-up to carry out. */
const intervalShareMin = 0.1

type Watched = {
  readonly outlook: ArrivalOutlook
  readonly test: DeviationTest
  readonly state: DeviationState
}

/** Watches, second by second, whether arrivals leave the forecast that the plan was made with. */
export class DeviationWatch {
  readonly #site: Site
  readonly #rng: Rng
  #watched: readonly Watched[] = []
  #windowIndex = -1

  constructor(site: Site, rng: Rng) {
    this.#site = site
    this.#rng = rng
  }

  /** A new forecast takes over. A window has one calibration and counts its alarms. */
  begin(windowIndex: number, nowSeconds: number, outlooks: readonly ArrivalOutlook[]): void {
    const isNewWindow = windowIndex !== this.#windowIndex
    this.#windowIndex = windowIndex
    this.#watched = outlooks.map((outlook, tenant) => {
      const before = isNewWindow ? undefined : this.#watched[tenant]
      return {
        outlook,
        test: before?.test ?? this.#testOf(tenant, outlook, windowIndex),
        state: startDeviation(nowSeconds, before?.state),
      }
    })
  }

  /** Whether any tenant's requests of that second, now past, raise an alarm. */
  hasLeft(second: number, arrived: readonly number[]): boolean {
    let isAlarm = false
    this.#watched = this.#watched.map((own, tenant) => {
      const { outlook, test, state } = own
      const { fromSecond, meanRps } = outlook.perSecond
      const expected = meanRps[second - fromSecond]
      if (expected === undefined) return own
      const reading = {
        atSeconds: second + 1,
        expected,
        observed: must(arrived[tenant]),
        dispersion: outlook.forecast.dispersion,
      }
      const next = advanceDeviation(test, state, reading)
      if (next.alarm !== null) isAlarm = true
      return { ...own, state: next.state }
    })
    return isAlarm
  }

  #testOf(tenant: number, { backTest }: ArrivalOutlook, windowIndex: number): DeviationTest {
    const { windowSeconds, tenants } = this.#site
    const rng = this.#rng.split(`${must(tenants[tenant]).id}/${windowIndex}`)
    const share = falseAlarmShare / tenants.length
    const calibration = { relativeChangeMin, windowSeconds, falseAlarmShare: share }
    return {
      limit: deviationLimit(backTest, calibration, rng),
      relativeChangeMin,
      minimumIntervalSeconds: intervalShareMin * windowSeconds,
      alarmsMax: alarmsPerWindowMax,
    }
  }
}
