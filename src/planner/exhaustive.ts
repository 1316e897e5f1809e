import { assert, must } from '../base/assert.ts'
import type { PlanOutcome } from '../core/plan/outcome.ts'
import { type Block, planFromBlocks } from '../core/plan/plan-from-blocks.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import {
  type Holder,
  heldBlocks,
  placesOf,
  type Situation,
  situationKey,
  successors,
} from './exhaustive-situations.ts'
import { type InTime, rememberedInTime, slotValue, terminalValue } from './exhaustive-value.ts'

/**
 * The best plan of a small problem, found by trying every way to hold its placements, slot by slot.
 * Two ways that lead to the same situation are compared there and the worse one is dropped, which
 * is all the cleverness there is: planners are tested against this oracle. Knows every rule
 * of docs/designs/001-planning-problem.md and is derived from no formulation of it.
 */
export function planExhaustively(problem: PlanningProblem): PlanOutcome {
  const best = searchExhaustively(problem)
  const work = { steps: best.steps, chargedSeconds: 0 }
  if (best.kind === 'none') return { status: 'infeasible', reason: best.reason, work }
  const { blocks, objective } = best
  const plan = planFromBlocks(problem, 'exhaustive', blocks)
  return { status: 'optimal', plan, objective, bound: objective, gap: 0, work }
}

export type ExhaustiveResult =
  | {
      readonly kind: 'found'
      readonly blocks: readonly Block[]
      /** J and T of docs/designs/001; their sum is maximal. */
      readonly objective: number
      readonly terminal: number
      readonly steps: number
    }
  | { readonly kind: 'none'; readonly reason: string; readonly steps: number }

/** One way to have come to a situation at the start of a slot. */
type Way = {
  readonly situation: Situation
  readonly before: Way | null
  readonly objective: number
  /** Answered in time so far by each tenant with a floor (others 0), per second. */
  readonly inTime: readonly number[]
}

const waysMax = 3_000_000

export function searchExhaustively(problem: PlanningProblem): ExhaustiveResult {
  const places = placesOf(problem)
  const none: readonly Holder[] = places.map(() => null)
  const start: Situation = {
    holders: none,
    heirs: none,
    retrainings: problem.tenants.map(() => null),
  }
  let ways: readonly Way[] = [
    { situation: start, before: null, objective: 0, inTime: problem.tenants.map(() => 0) },
  ]
  const extended = extender(problem, rememberedInTime(problem))
  let steps = 0
  for (let t = 0; t < problem.slotCount; t += 1) {
    const next = new Map<string, Way[]>()
    for (const way of ways) {
      for (const situation of successors(problem, places, way.situation, t)) {
        steps += 1
        assert(steps <= waysMax, 'The problem is too large to try every plan')
        const key = situationKey(problem, situation, t + 1)
        keepBest(next, key, extended(way, situation, t))
      }
    }
    ways = [...next.values()].flat()
  }
  return bestOf(problem, ways, steps)
}

type Extender = (way: Way, situation: Situation, t: number) => Way

function extender(problem: PlanningProblem, inTime: InTime): Extender {
  return (way, situation, t) => ({
    situation,
    before: way,
    objective: way.objective + slotValue(problem, inTime, situation, t),
    inTime: way.inTime.map((sum, w) => {
      const hasFloor = must(problem.tenants[w]).sloAttainmentMin !== null
      return hasFloor ? sum + inTime(situation, w, t) : 0
    }),
  })
}

/** Of the ways to one situation those stay that no other beats in value and all floors' counts. */
function keepBest(next: Map<string, Way[]>, key: string, way: Way): void {
  const others = next.get(key)
  if (others === undefined) {
    next.set(key, [way])
    return
  }
  if (others.some((other) => isAtLeast(other, way))) return
  next.set(key, [way, ...others.filter((other) => !isAtLeast(way, other))])
}

function isAtLeast(a: Way, b: Way): boolean {
  return a.objective >= b.objective && a.inTime.every((count, w) => count >= must(b.inTime[w]))
}

function bestOf(problem: PlanningProblem, ways: readonly Way[], steps: number): ExhaustiveResult {
  let best: Way | null = null
  let bestTotal = Number.NEGATIVE_INFINITY
  for (const way of ways) {
    const total = way.objective + terminalValue(problem, way.situation)
    if (!meetsFloors(problem, way) || total <= bestTotal) continue
    best = way
    bestTotal = total
  }
  if (best === null) return { kind: 'none', reason: 'No plan meets every floor', steps }
  const terminal = terminalValue(problem, best.situation)
  const { objective } = best
  return { kind: 'found', blocks: blocksOf(problem, best), objective, terminal, steps }
}

function meetsFloors(problem: PlanningProblem, way: Way): boolean {
  return problem.tenants.every(({ sloAttainmentMin, arrivals }, w) => {
    const arrived = arrivals.meanRps.reduce((sum, rps) => sum + rps, 0)
    return must(way.inTime[w]) >= ((sloAttainmentMin ?? 0) - 1e-9) * arrived
  })
}

function blocksOf(problem: PlanningProblem, last: Way): readonly Block[] {
  const situations: Situation[] = []
  for (let way: Way | null = last; way?.before != null; way = way.before) {
    situations.unshift(way.situation)
  }
  return heldBlocks(placesOf(problem), situations)
}
