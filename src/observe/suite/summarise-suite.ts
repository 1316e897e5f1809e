import { Rng } from '../../base/rng.ts'
import { mean } from '../statistics.ts'
import { bootstrap, resamples } from './bootstrap.ts'
import { awareAgainstBlind, overheadsOf } from './overhead.ts'
import { peakLoadsOf, windowAccuraciesOf } from './own-objectives.ts'
import type { BudgetResult, Gain, PolicyGain, SourceOfGain, SuiteResult } from './suite-result.ts'
import type { RunRow, SuiteBudget, SuiteKnobs, SuiteRow } from './suite-row.ts'
import { pairsOf, relativeGain, requestsIn, summariseScenario } from './summarise-scenario.ts'

export type SuiteDescription = {
  readonly reference: string
  /** Those that are compared; a policy that stands for an ablation alone is none of them. */
  readonly policies: readonly string[]
  readonly isContinuousLearning: (scenario: string) => boolean
  /** By name: the run that lacks one thing, paired with the reference's. */
  readonly ablations: Readonly<
    Record<string, { readonly policy: string; readonly knobs: SuiteKnobs }>
  >
  /** The planner that is blind to the overhead, as its ablation. */
  readonly blindPlanner: string
  readonly inputs: SuiteResult['inputs']
}

/** The result of a suite's rows; rows with knobs count as ablations only. */
export function summariseSuite(rows: readonly SuiteRow[], suite: SuiteDescription): SuiteResult {
  const { reference, isContinuousLearning } = suite
  const all = rows.filter((row): row is RunRow => row.kind === 'run')
  const base = all.filter(({ knobs }) => Object.keys(knobs).length === 0)
  const names = [...new Set(base.map(({ scenario }) => scenario))]
  const compared = base.filter(({ policy }) => suite.policies.includes(policy))
  const scenarios = names.map((name) =>
    summariseScenario({
      name,
      isContinuousLearning: isContinuousLearning(name),
      rows: compared.filter(({ scenario }) => scenario === name),
      reference,
    }),
  )
  const policies = suite.policies.filter((own) => compared.some(({ policy }) => policy === own))
  const rng = new Rng(0, 'suite bootstrap')
  return {
    scenarios,
    gains: policies
      .filter((own) => own !== reference)
      .flatMap((over) => gainOver(compared, over, suite, rng.split(`gain/${over}`)) ?? []),
    sources: sourcesOf(all, suite, rng.split('sources')),
    overhead: overheadsOf(rows, rng.split('overhead')),
    awareAgainstBlind: awareAgainstBlind(rows, suite, rng.split('aware against blind')),
    ownObjectives: {
      windowAccuracy: windowAccuraciesOf(compared, isContinuousLearning),
      peakLoad: peakLoadsOf(rows),
    },
    reference,
    seeds: [...new Set(base.map(({ seed }) => seed))].sort((a, b) => a - b),
    intervals:
      "95 %; one scenario: Student's over seeds; several: bootstrap over scenarios, then seeds, " +
      `${resamples} resamples`,
    budget: budgetOf(compared, reference),
    inputs: suite.inputs,
  }
}

type Pair = ReturnType<typeof pairsOf>[number]

function gainOver(
  rows: readonly RunRow[],
  over: string,
  { reference, isContinuousLearning }: SuiteDescription,
  rng: Rng,
): PolicyGain | null {
  const groups = pairedByScenario(rows, reference, (row) => row.policy === over)
  const all = gainOf([...groups.values()], rng.split('all'))
  if (all === null) return null
  const learning = [...groups].filter(([name]) => isContinuousLearning(name))
  const continuousLearning = gainOf(
    learning.map(([, pairs]) => pairs),
    rng.split('continuous learning'),
  )
  return { over, continuousLearning, all }
}

/** Pairs of the reference's plain runs with the rows that `isOther` picks, by scenario. */
function pairedByScenario(
  rows: readonly RunRow[],
  reference: string,
  isOther: (row: RunRow) => boolean,
): ReadonlyMap<string, readonly Pair[]> {
  const names = [...new Set(rows.map(({ scenario }) => scenario))]
  const isPlain = ({ policy, knobs }: RunRow) =>
    policy === reference && Object.keys(knobs).length === 0
  const groups = names.map((name) => {
    const own = rows.filter(({ scenario }) => scenario === name)
    return [name, pairsOf(own.filter(isPlain), own.filter(isOther))] as const
  })
  return new Map(groups.filter(([, pairs]) => pairs.length > 0))
}

function gainOf(groups: readonly (readonly Pair[])[], rng: Rng): Gain | null {
  if (groups.length === 0) return null
  const values = (value: (pair: Pair) => number) => groups.map((pairs) => pairs.map(value))
  return {
    relative: bootstrap(values(relativeGain), rng.split('relative')),
    absolute: bootstrap(values(absoluteGain), rng.split('absolute')),
    scenarios: groups.length,
  }
}

function absoluteGain({ reference, other }: Pair): number {
  return reference.goodput - other.goodput
}

function sourcesOf(
  rows: readonly RunRow[],
  { ablations, reference }: SuiteDescription,
  rng: Rng,
): readonly SourceOfGain[] | null {
  const sources = Object.entries(ablations).flatMap(([source, { policy, knobs }]) => {
    const wanted = JSON.stringify(knobs)
    const isOther = (row: RunRow) => row.policy === policy && JSON.stringify(row.knobs) === wanted
    const groups = [...pairedByScenario(rows, reference, isOther).values()]
    const gain = gainOf(groups, rng.split(source))
    if (gain === null) return []
    const without = [policy, ...Object.entries(knobs).map(([key, own]) => `${key} = ${own}`)]
    const seeds = new Set(groups.flatMap((pairs) => pairs.map(({ other }) => other.seed))).size
    return [{ source, without: without.join(', '), ...gain, seeds }]
  })
  return sources.length === 0 ? null : sources
}

function budgetOf(rows: readonly RunRow[], reference: string): BudgetResult {
  const budget: SuiteBudget = rows[0]?.budget ?? { plannerWork: null }
  const requests = rows.map(requestsIn)
  const own = rows.filter(({ policy }) => policy === reference)
  const works = (own.length > 0 ? own : rows).map(({ work }) => work)
  const gaps = works.flatMap(({ gapMean }) => gapMean ?? [])
  return {
    ...budget,
    runs: rows.length,
    requestsMean: mean(requests),
    requestsMax: Math.max(...requests),
    stepsMean: mean(works.map(({ stepsMean }) => stepsMean)),
    stepsMax: Math.max(...works.map(({ stepsMax }) => stepsMax)),
    chargedSecondsMean: mean(works.map(({ chargedSeconds }) => chargedSeconds)),
    gapMean: gaps.length === 0 ? null : mean(gaps),
  }
}
