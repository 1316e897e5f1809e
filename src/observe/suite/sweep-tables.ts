import { mean } from '../statistics.ts'
import { points } from '../units.ts'
import { markdownTable } from './markdown-table.ts'
import { type RunRow, type SuiteKnobs, type SuiteRow, worldKey } from './suite-row.ts'

type Sweep = {
  /** Title of the first column. */
  readonly title: string
  readonly cells: readonly { readonly name: string; readonly knobs: SuiteKnobs }[]
}

/** At the paper's cost of a change, where another axis is swept. */
const usual: SuiteKnobs = { reconfigurationSeconds: 6 }

const costs: Sweep = {
  title: 'a cold change takes',
  cells: [0, 1, 6, 30].map((reconfigurationSeconds) => {
    return { name: `${reconfigurationSeconds} s`, knobs: { reconfigurationSeconds } }
  }),
}

const drifts: Sweep = {
  title: 'drift is',
  cells: [
    { name: 'half as fast', knobs: { ...usual, driftScale: 0.5 } },
    { name: 'as in the scenario', knobs: usual },
    { name: 'twice as fast', knobs: { ...usual, driftScale: 2 } },
  ],
}

const wrong = (forecastError: number): SuiteKnobs => {
  return { ...usual, arrivals: 'forecast', forecastError }
}

/** Here every policy is told the same, so that who has no forecast of its own gets one, too. */
const knowledge: Sweep = {
  title: 'everybody knows',
  cells: [
    { name: 'the last window', knobs: { ...usual, arrivals: 'last-window' } },
    { name: 'a forecast wrong by 60 % more', knobs: wrong(0.6) },
    { name: 'a forecast wrong by 30 % more', knobs: wrong(0.3) },
    { name: 'the arrivals to come', knobs: { ...usual, arrivals: 'truth' } },
  ],
}

/**
 * The full grid's axes, one at a time: Goodput of the reference and its lead over every other
 * policy that was swept, in points, means over the scenarios and seeds that have all of the table.
 */
export function sweepTables(
  rows: readonly SuiteRow[],
  reference: string,
): Readonly<Record<string, string>> {
  const runs = rows.filter((row): row is RunRow => row.kind === 'run')
  return {
    'sweep-cost': sweepTable(runs, reference, costs),
    'sweep-drift': sweepTable(runs, reference, drifts),
    'sweep-knowledge': sweepTable(runs, reference, knowledge),
  }
}

function sweepTable(runs: readonly RunRow[], reference: string, { title, cells }: Sweep): string {
  const byWorld = new Map(runs.map((row) => [worldKey(row), row]))
  const first = cells.flatMap(({ knobs }) => runs.filter((row) => isOf(row, knobs)))
  const policies = [...new Set(first.map(({ policy }) => policy))]
  const told = policies.filter((policy) =>
    cells.every(({ knobs }) => first.some((row) => row.policy === policy && isOf(row, knobs))),
  )
  const of = (row: RunRow, policy: string, knobs: SuiteKnobs) =>
    byWorld.get(worldKey({ ...row, policy, knobs }))
  const worlds = first.filter((row) => row.policy === reference && isOf(row, cells[0]?.knobs ?? {}))
  const whole = worlds.filter((row) =>
    told.every((policy) => cells.every(({ knobs }) => of(row, policy, knobs) !== undefined)),
  )
  const others = told.filter((policy) => policy !== reference)
  if (whole.length === 0 || others.length === 0) return 'These rows were not run.'
  const body = cells.map(({ name, knobs }) => {
    const goodputOf = (row: RunRow, policy: string) => of(row, policy, knobs)?.goodput ?? 0
    const own = mean(whole.map((row) => goodputOf(row, reference)))
    const leads = others.map((policy) => {
      return points(own - mean(whole.map((row) => goodputOf(row, policy))))
    })
    return [name, (100 * own).toFixed(1), ...leads]
  })
  const over = others.map((policy) => `over \`${policy}\``)
  const basis = `${whole.length} ${whole.length === 1 ? 'run' : 'runs'} of each policy in a row.`
  return `${markdownTable([title, `\`${reference}\``, ...over], body)}\n\n${basis}`
}

function isOf(row: RunRow, knobs: SuiteKnobs): boolean {
  return worldKey(row) === worldKey({ ...row, knobs })
}
