import { fitsBeside, occupantOf } from '../takeover.ts'
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

/** Line 2a: the next one may start beside the one before, if both fit, and nobody else is left. */
export const tenuresFollowEachOther: PlanRule = ({ problem, tenures }) =>
  tenures.flatMap((own, index) => {
    const before = tenures[index - 1]
    if (before === undefined || before.of !== own.of || before.until <= own.from) return []
    const names = `that of ${before.tenure.tenant} there`
    if (before.until > own.serveFrom || before.from > own.from) {
      return [onTenure(own, `starts before ${names} ends`)]
    }
    const third = tenures[index - 2]
    if (third !== undefined && third.of === own.of && third.until > own.from) {
      return [onTenure(own, `starts beside ${names}, which has not taken over yet`)]
    }
    const first = occupantOf(problem, before.tenure)
    const second = occupantOf(problem, own.tenure)
    const isKnown = first !== null && second !== null && own.of.classIndex >= 0
    if (!isKnown || fitsBeside(problem, own.of.classIndex, first, second)) return []
    return [onTenure(own, `starts before ${names} ends, and no memory is known to hold both`)]
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
