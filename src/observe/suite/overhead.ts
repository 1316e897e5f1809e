import type { Rng } from '../../base/rng.ts'
import { mean } from '../statistics.ts'
import { bootstrap } from './bootstrap.ts'
import type { AwareAgainstBlind, OverheadResult } from './suite-result.ts'
import type { OverheadRow, SuiteRow } from './suite-row.ts'

/** What pre-initialization saves of each planner's plans; null where no such rows were made. */
export function overheadsOf(rows: readonly SuiteRow[], rng: Rng): readonly OverheadResult[] | null {
  const all = overheadRows(rows)
  if (all.length === 0) return null
  const planners = [...new Set(all.map(({ policy }) => policy))]
  return planners.map((planner) => {
    const own = all.filter(({ policy }) => policy === planner)
    return overheadOf(planner, own, rng.split(planner))
  })
}

function overheadOf(planner: string, rows: readonly OverheadRow[], rng: Rng): OverheadResult {
  const of = (pick: (row: OverheadRow) => number) => mean(rows.map(pick))
  const pairs = rows.map(({ scenario, cold, preInitialised }) => {
    return { scenario, before: cold.lostRequests, after: preInitialised.lostRequests }
  })
  return {
    planner,
    runs: rows.length,
    lostCold: of(({ cold }) => cold.lostRequests),
    lostPreInitialised: of(({ preInitialised }) => preInitialised.lostRequests),
    ...reductions(pairs, rng),
    reconfigurationsCold: of(({ cold }) => cold.reconfigurations),
    reconfigurationsPreInitialised: of(({ preInitialised }) => preInitialised.reconfigurations),
    goodputCold: of(({ cold }) => cold.goodput),
    goodputPreInitialised: of(({ preInitialised }) => preInitialised.goodput),
    plansLeftOut: of(({ cold, preInitialised }) => cold.plansLeftOut + preInitialised.plansLeftOut),
  }
}

/** The aware planner's plans, pre-initialised, against the blind one's, carried out cold. */
export function awareAgainstBlind(
  rows: readonly SuiteRow[],
  planners: { readonly reference: string; readonly blindPlanner: string },
  rng: Rng,
): AwareAgainstBlind | null {
  const { reference: aware, blindPlanner: blind } = planners
  const all = overheadRows(rows)
  const pairs = all.flatMap((own) => {
    if (own.policy !== aware) return []
    const { scenario, seed } = own
    const other = all.find(
      (row) => row.policy === blind && row.scenario === scenario && row.seed === seed,
    )
    return other === undefined ? [] : [{ scenario, own: own.preInitialised, other: other.cold }]
  })
  if (pairs.length === 0) return null
  const lost = pairs.map(({ scenario, own, other }) => {
    return { scenario, before: other.lostRequests, after: own.lostRequests }
  })
  return {
    aware,
    blind,
    runs: pairs.length,
    lostAware: mean(lost.map(({ after }) => after)),
    lostBlind: mean(lost.map(({ before }) => before)),
    ...reductions(lost, rng),
    reconfigurationsAware: mean(pairs.map(({ own }) => own.reconfigurations)),
    reconfigurationsBlind: mean(pairs.map(({ other }) => other.reconfigurations)),
  }
}

type Lost = { readonly scenario: string; readonly before: number; readonly after: number }

/** Of the sums, and the mean over runs in which something was lost before. */
function reductions(
  pairs: readonly Lost[],
  rng: Rng,
): Pick<OverheadResult, 'reduction' | 'meanReduction'> {
  const before = pairs.reduce((sum, own) => sum + own.before, 0)
  const after = pairs.reduce((sum, own) => sum + own.after, 0)
  const scenarios = [...new Set(pairs.map(({ scenario }) => scenario))]
  const groups = scenarios.flatMap((name) => {
    const own = pairs.filter((pair) => pair.scenario === name && pair.before > 0)
    return own.length === 0 ? [] : [own.map((pair) => 1 - pair.after / pair.before)]
  })
  return {
    reduction: before > 0 ? 1 - after / before : null,
    meanReduction: groups.length === 0 ? null : bootstrap(groups, rng),
  }
}

function overheadRows(rows: readonly SuiteRow[]): readonly OverheadRow[] {
  return rows.filter((row): row is OverheadRow => row.kind === 'overhead')
}
