import { writeFileSync } from 'node:fs'
import type { PlanningProblem } from '../core/plan/problem.ts'
import type { Site } from '../core/site.ts'
import { formulate } from '../planner/formulation.ts'
import { makeGrid } from '../planner/grid.ts'
import { printLp } from '../planner/lp-format.ts'
import { writeFileWhole } from './output.ts'
import { UsageError } from './usage-error.ts'

/** Slots in a step of the printed program; the site's coarse slot unless asked for another. */
export function parseStep(text: string | undefined, { planner, ...site }: Site): number {
  const seconds = text === undefined ? planner.coarseSlotSeconds : Number(text)
  const slots = seconds / site.slotSeconds
  const isWhole = Math.abs(slots - Math.round(slots)) < 1e-9
  if (isWhole && slots >= 1 && seconds <= site.windowSeconds) return Math.round(slots)
  throw new UsageError(
    `Cannot print a program with steps of "${text}" s: accepted are whole slots of ` +
      `${site.slotSeconds} s, up to the window of ${site.windowSeconds} s`,
  )
}

/**
 * The placed program of docs/designs/002-ilp.md for this problem, as LP text: exact where a step is
 * one slot; where it is longer, warm-ups take whole steps.
 */
export function writeProgram(path: string, problem: PlanningProblem, stepSlots: number): void {
  const grid = makeGrid(problem, stepSlots, {
    tolerance: 0,
    setCountMax: Number.POSITIVE_INFINITY,
  })
  const text = printLp(formulate(grid, { level: 'placed' }).model)
  if (path === '-') writeFileSync(process.stdout.fd, text)
  else writeFileWhole(path, text)
}
