import { inferenceServesFromSlot, slotsFor } from '../warm-up.ts'
import { onTenure, type PlanRule, secondsOf, type TenureUnderCheck } from './subject.ts'

/** Rules about when instances are held and serve: lines 2 and 5 of designs/001. */

export const timesAreOnTheGrid: PlanRule = ({ tenures }) =>
  tenures
    .filter(({ from, serveFrom, until }) => ![from, serveFrom, until].every(Number.isInteger))
    .map((own) => onTenure(own, 'has times between slot starts'))

export const tenuresLieInThePlan: PlanRule = ({ problem, tenures }) =>
  tenures.flatMap((own) => {
    const isRetraining = own.tenure.until.kind === 'retraining-done'
    const isInside =
      own.from >= 0 &&
      own.from < problem.slotCount &&
      own.from < own.until &&
      own.from <= own.serveFrom &&
      (isRetraining || own.until <= problem.slotCount)
    if (isInside) return []
    const end = secondsOf(problem, own.until)
    return [onTenure(own, `to ${end} s does not lie in order inside the plan`)]
  })

export const tenuresFollowEachOther: PlanRule = ({ tenures }) =>
  tenures.flatMap((own, index) => {
    const before = tenures[index - 1]
    if (before === undefined || before.of !== own.of || before.until <= own.from) return []
    return [onTenure(own, `starts before that of ${before.tenure.tenant} there ends`)]
  })

/** Inference is held until a time, a retraining until it is done. */
export const endsFitTheRole: PlanRule = ({ tenures }) =>
  tenures.flatMap((own) => {
    const { role, until } = own.tenure
    const isRetraining = role.kind === 'retraining'
    return isRetraining === (until.kind === 'retraining-done')
      ? []
      : [onTenure(own, `ends by ${until.kind}`)]
  })

export const nobodyServesBeforeItsWarmUp: PlanRule = ({ problem, tenures }) =>
  tenures.flatMap((own) => {
    const { tenant, tenure, from, serveFrom } = own
    if (tenure.role.kind !== 'inference' || tenant === null) return []
    const ready = inferenceServesFromSlot(problem, tenant, from, own.of.running)
    if (serveFrom >= ready) return []
    const seconds = secondsOf(problem, ready)
    return [onTenure(own, `serves at ${tenure.serveFromSeconds} s; it is ready at ${seconds} s`)]
  })

export const servingLastsItsResidence: PlanRule = ({ problem, tenures }) => {
  const slotsMin = slotsFor(problem.residenceSecondsMin, problem.slotSeconds)
  return tenures.flatMap((own) => {
    const { tenure, serveFrom, until } = own
    const hasServed = tenure.role.kind === 'inference' && serveFrom < until
    const isCutByTheEnd = until >= problem.slotCount
    if (!hasServed || isCutByTheEnd || wasServing(own)) return []
    const slots = until - serveFrom
    if (slots >= slotsMin) return []
    const seconds = slots * problem.slotSeconds
    return [onTenure(own, `serves ${seconds} s, at least are ${problem.residenceSecondsMin} s`)]
  })
}

/** Whether it continues what served when the problem began. */
function wasServing({ of, tenure, from }: TenureUnderCheck): boolean {
  const worker = of.running?.worker ?? null
  return (
    from === 0 &&
    worker !== null &&
    worker.role === 'inference' &&
    worker.tenant === tenure.tenant &&
    worker.readyInSeconds === 0
  )
}
