import type { Policy } from '../core/policy.ts'
import type { Site } from '../core/site.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import type { Solver } from '../planner/solver.ts'
import { type PolicyName, policies, policyNames } from '../policies/registry.ts'
import { hindsightOf } from '../simulator/hindsight.ts'
import type { FilePolicy } from './policy-file/load-policy-files.ts'
import { UsageError } from './usage-error.ts'

/**
 * The names in a comma-separated list, each checked against the registry and what users brought,
 * without repeats.
 */
export function parsePolicyNames(
  list: string,
  brought: readonly FilePolicy[] = [],
): readonly string[] {
  const names = list.split(',').map((name) => name.trim())
  const isBrought = (name: string) => brought.some((own) => own.name === name)
  return [...new Set(names.map((name) => (isBrought(name) ? name : parsePolicyName(name))))]
}

export function parsePolicyName(name: string): PolicyName {
  const found = policyNames.find((known) => known === name)
  if (found === undefined) {
    throw new UsageError(`Unknown policy "${name}": accepted are ${policyNames.join(', ')}`)
  }
  return found
}

export type PolicyRun = {
  readonly site: Site
  readonly seed: number
  readonly services: readonly ServiceTable[]
  readonly solver: Solver | null
  /** Policies that users brought in files; their names are none of ours. */
  readonly brought?: readonly FilePolicy[]
}

/**
 * A policy for one run. It is first made without hindsight, so that only one that declares itself
 * an oracle is ever told the run's truth.
 */
export function makePolicy(name: string, run: PolicyRun): Policy {
  const { site, seed, services, solver, brought = [] } = run
  if (name === 'static' && site.staticLayout === null) {
    throw new UsageError('Policy static needs a layout: add the key "static" to the site file')
  }
  const create = brought.find((own) => own.name === name)?.create ?? policies[parsePolicyName(name)]
  const policy = create({ site, solver, hindsight: null })
  if (policy.information.arrivals !== 'truth') return policy
  return create({ site, solver, hindsight: hindsightOf(site, seed, services) })
}
