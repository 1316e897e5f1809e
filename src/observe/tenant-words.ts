import { must } from '../base/assert.ts'
import type { TenantExpectation } from '../core/plan/explain.ts'
import { count, percent } from './units.ts'

/** What a tenant is expected to get, and what it would gain by more. */
export function tenantWords(own: TenantExpectation, pointsOf: (worth: number) => string): string {
  const { tenant, arrivals, inTime, sloAttainment, accuracy, goodput, retraining, oneMore } = own
  if (sloAttainment === null) return `${tenant}: no requests are expected`
  const { missed } = own
  const when =
    missed === null
      ? ''
      : `, ${percent(missed.share, 0)} of these from ${missed.fromSeconds} s to ` +
        `${missed.untilSeconds} s`
  const head =
    `${tenant}: ${percent(sloAttainment)} of ${count(arrivals)} requests in time ` +
    `(${count(arrivals - inTime)} not${when}), accuracy ${percent(accuracy ?? 0)}, ` +
    `Goodput ${percent(must(goodput))}`
  const retrained =
    retraining === null
      ? ''
      : `; retrains with ${retraining.configurationId}, done at ${retraining.doneSeconds} s`
  const more =
    oneMore === null || pointsOf(oneMore.objective) === pointsOf(0)
      ? ''
      : `; one more ${oneMore.profile} all the time would bring ` +
        `${pointsOf(oneMore.objective)} points`
  return `${head}${retrained}${more}`
}
