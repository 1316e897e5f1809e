import type { Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import type { Solver } from '../planner/solver.ts'
import { type PolicyName, policies, policyNames } from '../policies/registry.ts'
import { hindsightOf } from '../simulator/hindsight.ts'
import { UsageError } from './usage-error.ts'

/** The names in a comma-separated list, each checked against the registry, without repeats. */
export function parsePolicyNames(list: string): readonly PolicyName[] {
  const names = list.split(',').map((name) => name.trim())
  return [...new Set(names.map(parsePolicyName))]
}

export function parsePolicyName(name: string): PolicyName {
  const found = policyNames.find((known) => known === name)
  if (found === undefined) {
    throw new UsageError(`Unknown policy "${name}": accepted are ${policyNames.join(', ')}`)
  }
  return found
}

/**
 * A policy for one run. It is first made without hindsight, so that only one that declares itself
 * an oracle is ever told the run's truth.
 */
export function makePolicy(
  name: PolicyName,
  run: {
    readonly site: Site
    readonly seed: number
    readonly services: readonly ServiceTable[]
    readonly solver: Solver | null
  },
): Policy {
  const { site, seed, services, solver } = run
  if (name === 'static' && site.staticLayout === null) {
    throw new UsageError('Policy static needs a layout: add the key "static" to the site file')
  }
  const policy = policies[name]({ site, solver, hindsight: null })
  if (policy.information.arrivals !== 'truth') return policy
  return policies[name]({ site, solver, hindsight: hindsightOf(site, seed, services) })
}
