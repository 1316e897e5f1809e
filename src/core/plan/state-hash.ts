import { hash64 } from '../../base/hash.ts'
import type { PlanningProblem } from './problem.ts'

/**
 * Hash of everything in a problem. A plan carries the hash of the problem it was made from, so that
 * nobody executes it in another state.
 */
export function stateHash(problem: PlanningProblem): string {
  const known = hashes.get(problem)
  if (known !== undefined) return known
  const hash = hash64(canonicalJson(problem))
  hashes.set(problem, hash)
  return hash
}

/** A window's problem is 50 KiB and more of JSON, and is asked for its hash by every part. */
const hashes = new WeakMap<PlanningProblem, string>()

/** JSON that is the same for the same data: keys sorted, NaN and infinities told apart by name. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'number' && !Number.isFinite(part)) return `${part}`
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    const entries = Object.entries(part)
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return Object.fromEntries(entries)
  })
}
