import { assert, must } from '../../base/assert.ts'

/** Shares in whole quanta, by job. Integers, because shares in floating point drift below zero. */
export type Allocation = readonly number[]

/** How good an allocation is, compared in this order: less below the accuracy floor, then mean. */
export type Merit = {
  /** Points of accuracy that the streams together are below the floor. */
  readonly shortfall: number
  readonly accuracy: number
}

export type StealOptions<T extends Merit> = {
  readonly start: Allocation
  /** Null where these shares cannot be given. */
  readonly evaluate: (allocation: Allocation) => T | null
  /** Jobs that neither steal nor are stolen from. */
  readonly pinned?: readonly boolean[]
  readonly passes: 'one' | 'until-stable'
  /** Nothing more is stolen after so many; no limit where left out. */
  readonly evaluationsMax?: number
}

export type Stolen<T extends Merit> = {
  readonly allocation: Allocation
  readonly merit: T
  /** Allocations that were evaluated. */
  readonly evaluations: number
}

/**
 * The thief scheduler (Ekya, NSDI 2022, Algorithm 1): each job in turn steals a quantum at a time
 * from each other job, as long as that helps. Jobs steal in the order in which they are given, and
 * one pass depends on it. `until-stable` repeats the pass until it changes nothing: the stronger
 * form. Shares that cannot be given are passed over. Null when none could.
 */
export function stealShares<T extends Merit>(options: StealOptions<T>): Stolen<T> | null {
  const { start, passes } = options
  assert(start.every(Number.isInteger), 'Shares are whole quanta')
  const search: Search<T> = { allocation: start, merit: options.evaluate(start), evaluations: 1 }
  do {
    const before = search.allocation
    stealOnce(options, search)
    if (search.allocation === before) break
  } while (passes === 'until-stable' && !isSpent(options, search))
  const { allocation, merit, evaluations } = search
  return merit === null ? null : { allocation, merit, evaluations }
}

export function isBetter(a: Merit, b: Merit | null): boolean {
  if (b === null) return true
  if (Math.abs(a.shortfall - b.shortfall) > tolerance) return a.shortfall < b.shortfall
  return a.accuracy > b.accuracy + tolerance
}

const tolerance = 1e-12

function isSpent<T extends Merit>(options: StealOptions<T>, { evaluations }: Search<T>): boolean {
  return evaluations >= (options.evaluationsMax ?? Number.POSITIVE_INFINITY)
}

type Search<T extends Merit> = { allocation: Allocation; merit: T | null; evaluations: number }

function stealOnce<T extends Merit>(options: StealOptions<T>, search: Search<T>): void {
  const { start, pinned } = options
  for (let thief = 0; thief < start.length; thief += 1) {
    for (let victim = 0; victim < start.length; victim += 1) {
      const isPinned = pinned?.[thief] === true || pinned?.[victim] === true
      if (thief !== victim && !isPinned) stealFrom(options, search, thief, victim)
    }
  }
}

function stealFrom<T extends Merit>(
  options: StealOptions<T>,
  search: Search<T>,
  thief: number,
  victim: number,
): void {
  let tried = search.allocation
  while (must(tried[victim]) > 0 && !isSpent(options, search)) {
    tried = tried.with(victim, must(tried[victim]) - 1).with(thief, must(tried[thief]) + 1)
    const merit = options.evaluate(tried)
    search.evaluations += 1
    if (merit === null) continue
    if (!isBetter(merit, search.merit)) return
    search.allocation = tried
    search.merit = merit
  }
}
