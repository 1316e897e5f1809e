// What is known of the benchmark's problems: best-known.json, and the plans that need no planner.
import { readFileSync } from 'node:fs'
import { checkPlan } from '../../dist/core/plan/check.js'
import { keepLayoutPlan } from '../../dist/core/plan/keep-layout-plan.js'
import { valueOf } from '../../dist/core/plan/value.js'
import { staticPlan } from '../../dist/policies/static-plan.js'

export const knownFile = new URL('best-known.json', import.meta.url)

/** Entries by name, see best-known.json. */
export function readKnown() {
  return JSON.parse(readFileSync(knownFile, 'utf8')).problems
}

/** Goodput and terminal value of a plan, or null where it is not legal. */
export function worthOf(problem, plan) {
  if (plan === null || checkPlan(problem, plan).kind === 'illegal') return null
  const { objective, terminal } = valueOf(problem, plan)
  return { objective, terminal }
}

/** The plan that changes nothing, and the best one that never changes the layout. */
export function referencesOf(problem) {
  const keepLayout = worthOf(problem, keepLayoutPlan(problem))
  const found = worthOf(problem, staticPlan(problem))
  const bestStatic = [keepLayout, found].reduce(better)
  return { keepLayout, bestStatic }
}

export function better(a, b) {
  if (a === null || b === null) return a ?? b
  return totalOf(b) > totalOf(a) ? b : a
}

/** What a planner maximises. */
export function totalOf({ objective, terminal }) {
  return objective + terminal
}

/**
 * Where a plan stands between the best static plan and the best known one of an entry. Terminal
 * value counts in differences, as a planner weighs it, and drops out where plans agree on it.
 */
export function standingOf(worth, known) {
  if (known === undefined || worth === null) return { relativeToBestKnown: null, captured: null }
  const { objective, bestStatic, terminal } = known
  const best = objective + terminal.objective
  const lost = best - totalOf(worth)
  const toWin = bestStatic === null ? 0 : best - bestStatic - terminal.bestStatic
  return {
    relativeToBestKnown: 1 - lost / objective,
    captured: toWin > 1e-3 * objective ? 1 - lost / toWin : null,
  }
}
