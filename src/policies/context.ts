import type { Hindsight } from '../core/hindsight.ts'
import type { Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import type { Solver } from '../planner/solver.ts'

/** What a policy is made with, before it is asked for its first plan. */
export type PolicyContext = {
  readonly site: Site
  /** Null where nobody brought one: policies that solve an ILP then plan nothing. */
  readonly solver: Solver | null
  /** The whole run, known in advance: the lab gives it to oracle policies only. */
  readonly hindsight: Hindsight | null
}

export type PolicyFactory = (context: PolicyContext) => Policy
