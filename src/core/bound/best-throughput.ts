import { must } from '../../base/assert.ts'
import { type BatchPoint, latencyAt } from '../workload/serving-capability.ts'

/**
 * Most items per second at any batch size whose execution alone fits into the SLO, when everything
 * takes `scale` times as long as the figures say; 0 where none fits. No room is left for waiting: a
 * bound, not a capability.
 */
export function bestThroughput(
  points: readonly BatchPoint[],
  { sloSeconds, scale }: { readonly sloSeconds: number; readonly scale: number },
): number {
  const last = must(points.at(-1), 'A model is measured at one batch size at least')
  let best = 0
  for (let items = 1; items <= last.items; items += 1) {
    const seconds = scale * latencyAt(points, items)
    if (seconds <= sloSeconds) best = Math.max(best, items / seconds)
  }
  return best
}
