import { must } from '../../base/assert.ts'
import { interval95, mean } from '../statistics.ts'
import { type RunRow, type SuiteRow, worldKey } from './suite-row.ts'

export type Disagreement = {
  readonly scenario: string
  readonly policy: string
  readonly base: number
  readonly full: number
  /** Half the width of the base rows' interval. */
  readonly allowed: number
}

/** Below this a difference of Goodput is none, however narrow the interval. */
const negligible = 1e-4

/**
 * Where rows of the base grid, made with a limited budget, and rows of the full one do not tell the
 * same: their mean Goodput over the seeds and knobs that both have differs by more than the base
 * rows' interval is wide to one side.
 */
export function disagreements(
  base: readonly SuiteRow[],
  full: readonly SuiteRow[],
): readonly Disagreement[] {
  const fullByWorld = new Map(runsIn(full).map((row) => [worldKey(row), row]))
  const groups = new Map<string, { base: RunRow[]; full: RunRow[] }>()
  for (const row of runsIn(base)) {
    const other = fullByWorld.get(worldKey(row))
    if (other === undefined) continue
    const key = worldKey({ ...row, seed: 0 })
    const group = groups.get(key) ?? { base: [], full: [] }
    group.base.push(row)
    group.full.push(other)
    groups.set(key, group)
  }
  return [...groups.values()].flatMap((group) => disagreementIn(group, base))
}

function disagreementIn(
  group: { readonly base: readonly RunRow[]; readonly full: readonly RunRow[] },
  base: readonly SuiteRow[],
): readonly Disagreement[] {
  const { scenario, policy, knobs } = must(group.base[0])
  // The interval is that of all base rows: the seeds that both have may be few.
  const all = runsIn(base).filter(
    (row) =>
      worldKey({ ...row, seed: 0 }) === worldKey({ ...row, scenario, policy, knobs, seed: 0 }),
  )
  const interval = interval95(all.map(({ goodput }) => goodput))
  const allowed = Math.max(negligible, (interval.high - interval.low) / 2)
  const own = mean(group.base.map(({ goodput }) => goodput))
  const other = mean(group.full.map(({ goodput }) => goodput))
  if (Math.abs(own - other) <= allowed) return []
  return [{ scenario, policy, base: own, full: other, allowed }]
}

function runsIn(rows: readonly SuiteRow[]): readonly RunRow[] {
  return rows.filter((row): row is RunRow => row.kind === 'run')
}
