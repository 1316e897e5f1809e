import type { RestartPolicy } from './worker-spec.ts'

/** What to do after an unexpected end. */
export type RestartDecision =
  | { readonly kind: 'restart'; readonly inSeconds: number }
  | { readonly kind: 'crash-looping'; readonly ends: number }

/**
 * Exponential back-off over the unexpected ends within the window, which are given by their times,
 * ascending, this one included; a worker that ran well for a window starts at the first delay
 * again.
 */
export function decideRestart(
  policy: RestartPolicy,
  endsAtSeconds: readonly number[],
  nowSeconds: number,
): RestartDecision {
  const from = nowSeconds - policy.windowSeconds
  const ends = endsAtSeconds.filter((atSeconds) => atSeconds > from).length
  if (ends >= policy.endsMax) return { kind: 'crash-looping', ends }
  const delay = policy.firstDelaySeconds * policy.factor ** Math.max(0, ends - 1)
  return { kind: 'restart', inSeconds: Math.min(policy.delaySecondsMax, delay) }
}
