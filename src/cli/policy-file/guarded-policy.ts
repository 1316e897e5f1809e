import { checkPlan } from '../../core/plan/check.ts'
import type { PlanOutcome } from '../../core/plan/outcome.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { canonicalJson } from '../../core/plan/state-hash.ts'
import type { Policy } from '../../core/policy.ts'
import { UsageError } from '../usage-error.ts'
import { isRecord } from './policy-shape.ts'

/**
 * A policy that we did not write: what it does wrong is said of its file, with the moment, instead
 * of ending as a bug of ours. Its first problem is put to it twice: it must be deterministic.
 */
export function guardedPolicy(file: string, policy: Policy): Policy {
  let isFirst = true
  return {
    ...policy,
    plan: (problem) => {
      const refuse = (what: string): never => {
        const at = `at ${problem.startSeconds} s`
        throw new UsageError(`${file}: policy ${policy.name} ${what} (${at})`)
      }
      const ask = (): PlanOutcome => {
        try {
          return policy.plan(problem)
        } catch (error) {
          return refuse(`threw ${wordsOf(error)}`)
        }
      }
      const outcome = ask()
      const complaint = complaintAbout(policy, problem, outcome)
      if (complaint !== null) refuse(complaint)
      if (isFirst) {
        isFirst = false
        const isSame = canonicalJson(ask()) === canonicalJson(outcome)
        if (!isSame) refuse('gives two plans for one problem: it must be deterministic')
      }
      return outcome
    },
  }
}

function complaintAbout(policy: Policy, problem: PlanningProblem, outcome: unknown): string | null {
  if (!isRecord(outcome)) return 'returned no outcome { status, plan, work, … }'
  const { status, work, objective } = outcome
  const isWork = isRecord(work) && typeof work['chargedSeconds'] === 'number'
  if (!isWork) return 'returned no "work" { steps, chargedSeconds }'
  const { chargedSeconds } = work as { chargedSeconds: number }
  if (!(chargedSeconds >= 0 && chargedSeconds <= policy.planningSecondsMax + 1e-9)) {
    return `charges ${chargedSeconds} s for a plan and reserves ${policy.planningSecondsMax} s`
  }
  if (status === 'infeasible') {
    return typeof outcome['reason'] === 'string' ? null : 'is infeasible without a "reason"'
  }
  if (status !== 'optimal' && status !== 'feasible') {
    return 'returned a "status" that is none of optimal, feasible, infeasible'
  }
  if (typeof objective !== 'number') return 'returned an outcome without an "objective"'
  return complaintAboutPlan(problem, outcome as unknown as { readonly plan: unknown })
}

function complaintAboutPlan(problem: PlanningProblem, outcome: { plan: unknown }): string | null {
  try {
    const check = checkPlan(problem, outcome.plan as Parameters<typeof checkPlan>[1])
    if (check.kind === 'legal') return null
    const told = check.breaches.slice(0, 3).map(({ code, message }) => `${code}: ${message}`)
    return `made an illegal plan: ${told.join('; ')}`
  } catch (error) {
    return `made something that is no plan: ${wordsOf(error)}`
  }
}

/** The error's words and where it was thrown, without our part of the stack. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const where = error.stack?.split('\n').find((line) => line.includes('file://'))
  const place = where === undefined ? '' : `, ${where.trim().replace(/^at .*?(?=file:)/, 'at ')}`
  return `${error.name}: ${error.message}${place}`
}
