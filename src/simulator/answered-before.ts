import { must } from '../base/assert.ts'
import type { Site } from '../core/site.ts'
import type { AnsweredSecond } from './label-book.ts'
import type { Truth } from './truth.ts'
import type { Versions } from './versions.ts'

/**
 * The window before the run, in which tenants were served too: by the starting version since it was
 * there, by its predecessor until then. So drift can be seen before the first plan is made.
 */
export function answeredBefore(
  site: Site,
  { truth, versions }: { readonly truth: Truth; readonly versions: Versions },
  tenant: number,
): readonly AnsweredSecond[] {
  const counts = must(truth.tenants[tenant]).historyCounts
  const sinceSeconds = versions.initialLabelsSeconds(tenant)
  const seconds = Math.min(counts.length, Math.floor(site.windowSeconds))
  return Array.from({ length: seconds }, (_, i) => {
    const atSeconds = i - seconds
    const isNew = atSeconds >= sinceSeconds
    const version = isNew ? versions.initialOf(tenant) : versions.predecessorOf(tenant)
    const arrived = must(counts[counts.length - seconds + i])
    const accuracy = versions.accuracyOf(version, atSeconds + 0.5)
    return { version, arrived, inTime: arrived, accuracySum: arrived * accuracy }
  })
}
