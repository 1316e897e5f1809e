/** When a policy was last asked, and how often because of deviations in this window. */
export type ReplanBudget = {
  readonly lastPlanSeconds: number
  readonly deviationsInWindow: number
}

/**
 * How often plans may be asked for because arrivals deviate: a plan takes seconds to make and warm-up
 * to carry out, so a second one right after the first chases noise.
 */
export type ReplanLimits = {
  readonly intervalSecondsMin: number
  readonly deviationsPerWindowMax: number
}

/** A tenth of a window between plans, and two more plans in a window. */
export function replanLimits(windowSeconds: number): ReplanLimits {
  return { intervalSecondsMin: windowSeconds / 10, deviationsPerWindowMax: 2 }
}

export function mayReplan(budget: ReplanBudget, limits: ReplanLimits, nowSeconds: number): boolean {
  return (
    nowSeconds - budget.lastPlanSeconds >= limits.intervalSecondsMin &&
    budget.deviationsInWindow < limits.deviationsPerWindowMax
  )
}
