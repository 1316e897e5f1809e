import { must } from '../base/assert.ts'
import { classIndexIn } from '../control/class-index.ts'
import type { Site } from '../core/site.ts'
import type { InstanceSpan } from './span-recorder.ts'

/** A layout or a holder is changing, or a version: so nobody is served, but by somebody beside. */
function isChanging({ phase }: InstanceSpan): boolean {
  return phase !== 'serving' && phase !== 'retraining' && phase !== 'idle'
}

/**
 * Times that a GPU was reconfigured: stretches in which its layout or a holder was changing, after
 * the first layout, whether that took long, was seen to beside somebody who served on, or took no
 * time at all. Changes that touch or overlap are one; a version switch is none, and neither is only
 * giving back what nobody takes at once.
 */
export function reconfigurationsIn(site: Site, spans: readonly InstanceSpan[]): number {
  let count = 0
  for (const [gpu] of site.gpus.entries()) {
    const own = spans
      .filter((span) => span.gpu === gpu && isChanging(span) && span.phase !== 'switching')
      .sort((a, b) => a.fromSeconds - b.fromSeconds)
    let reachedSeconds = Number.NEGATIVE_INFINITY
    let isCounted = false
    for (const { phase, fromSeconds, untilSeconds } of own) {
      if (fromSeconds > reachedSeconds + 1e-9) isCounted = fromSeconds === 0
      if (!isCounted && (phase === 'creating' || phase === 'initialising')) {
        count += 1
        isCounted = true
      }
      reachedSeconds = Math.max(reachedSeconds, untilSeconds)
    }
  }
  return count
}

/**
 * Requests each tenant lost to reconfiguration: what the slices that were held without serving
 * could have answered of what went unanswered in the same second. Each such slice is given to the
 * tenant that misses most of what it could do. Who starts beside somebody holds nothing idle.
 * `unserved[w][s]`: requests of second s not answered
 * in time.
 */
export function capacityLost(
  site: Site,
  spans: readonly InstanceSpan[],
  unserved: readonly Float64Array[],
): readonly number[] {
  const missing = unserved.map((perSecond) => perSecond.slice())
  const lost = site.tenants.map(() => 0)
  for (const span of spans.filter((own) => isChanging(own) && !own.isBeside)) {
    const classIndex = classIndexIn(site, span.gpu, span.profileId)
    const last = must(missing[0]).length
    const untilSecond = Math.min(last, Math.ceil(span.untilSeconds))
    for (let second = Math.floor(span.fromSeconds); second < untilSecond; second += 1) {
      const from = Math.max(second, span.fromSeconds)
      const heldSeconds = Math.min(second + 1, span.untilSeconds) - from
      const could = site.tenants.map(({ serving, itemsPerRequest }, w) => {
        const items = serving[classIndex]?.capacityItemsPerSecond ?? 0
        return Math.min((items / itemsPerRequest) * heldSeconds, must(missing[w]?.[second]))
      })
      const most = could.indexOf(Math.max(...could))
      lost[most] = must(lost[most]) + must(could[most])
      const own = must(missing[most])
      own[second] = must(own[second]) - must(could[most])
    }
  }
  return lost
}

/**
 * Seconds that GPUs were held for somebody, by compute slices: a 1g for an hour is a seventh of an
 * hour. Idle instances are nobody's, and what two workers share is held once.
 */
export function gpuSecondsUsed(site: Site, spans: readonly InstanceSpan[]): number {
  const held = spans.filter(({ phase, isBeside }) => phase !== 'idle' && !isBeside)
  return held.reduce((sum, { gpu, profileId, fromSeconds, untilSeconds }) => {
    const { model } = must(site.gpus[gpu])
    const profile = must(model.profiles.find((own) => own.profileId === profileId))
    return sum + ((untilSeconds - fromSeconds) * profile.computeSlices) / model.computeSlices
  }, 0)
}
