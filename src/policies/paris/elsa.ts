/** An instance as ELSA's router sees it. */
export type ElsaInstance = {
  /** Compute slices. */
  readonly size: number
  /** Estimated seconds until all that is queued and running there is done. */
  readonly waitSeconds: number
  /** Execution time of a query of `items` on it, by the profile. */
  readonly executionSeconds: (items: number) => number
}

export type ElsaSettings = {
  readonly sloSeconds: number
  /** Safety factors on waiting and execution, and on execution alone; 1 = none. */
  readonly alpha: number
  readonly beta: number
}

/**
 * ELSA's choice for a query (an index into `instances`; null without any): the smallest instance
 * that still leaves slack to its deadline, of equal sizes the one with the shortest wait; where
 * none does, the one that is done with it first. Reconstructed. The rule by itself: requests are
 * routed by dataplane/elsa.ts, which is held to it.
 */
export function elsaRoute(
  instances: readonly ElsaInstance[],
  items: number,
  { sloSeconds, alpha, beta }: ElsaSettings,
): number | null {
  const slackOf = ({ waitSeconds, executionSeconds }: ElsaInstance): number =>
    sloSeconds - alpha * (waitSeconds + beta * executionSeconds(items))
  const doneOf = ({ waitSeconds, executionSeconds }: ElsaInstance): number =>
    waitSeconds + executionSeconds(items)
  const timely = indicesWhere(instances, (own) => slackOf(own) > 0)
  if (timely.length > 0) {
    return leastBy(
      timely,
      (i) => at(i).size,
      (i) => at(i).waitSeconds,
    )
  }
  const all = indicesWhere(instances, () => true)
  return all.length === 0
    ? null
    : leastBy(
        all,
        (i) => doneOf(at(i)),
        (i) => at(i).size,
      )

  function at(i: number): ElsaInstance {
    return instances[i] as ElsaInstance
  }
}

function indicesWhere<T>(values: readonly T[], holds: (value: T) => boolean): readonly number[] {
  return values.flatMap((value, i) => (holds(value) ? [i] : []))
}

/** The first index with the least key, ties by the second key. */
function leastBy(
  indices: readonly number[],
  first: (i: number) => number,
  second: (i: number) => number,
): number {
  return indices.reduce((best, i) => {
    const difference = first(i) - first(best) || second(i) - second(best)
    return difference < 0 ? i : best
  })
}
