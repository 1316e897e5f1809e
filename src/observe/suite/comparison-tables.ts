import type { Interval } from '../statistics.ts'
import { count, percent, points } from '../units.ts'
import { markdownTable } from './markdown-table.ts'
import type { ScenarioResult, SuiteResult } from './suite-result.ts'

/**
 * The tables of docs/COMPARISON.md as Markdown, by the name of the place they go to. Nothing in
 * them is typed by hand: they are made of the committed rows (scripts/comparison.mjs).
 */
export function comparisonTables(result: SuiteResult): Readonly<Record<string, string>> {
  return {
    gains: gains(result),
    scenarios: scenarios(result),
    parts: parts(result),
    losses: losses(result),
    sources: sources(result),
    overhead: overhead(result),
    'window-accuracy': windowAccuracy(result),
    'peak-load': peakLoad(result),
    budget: budget(result),
  }
}

function gains({ gains: all }: SuiteResult): string {
  const relative = (interval: Interval | undefined) =>
    interval === undefined ? '–' : `${points(interval.mean)} % (${between(interval)})`
  return markdownTable(
    ['over', 'continuous learning', 'points', 'all scenarios', 'points'],
    all.map(({ over, continuousLearning, all: every }) => [
      `\`${over}\``,
      relative(continuousLearning?.relative),
      continuousLearning === null ? '–' : points(continuousLearning.absolute.mean),
      relative(every.relative),
      points(every.absolute.mean),
    ]),
  )
}

function scenarios({ scenarios: all, gains: others, reference }: SuiteResult): string {
  const names = others.map(({ over }) => over)
  return markdownTable(
    ['scenario', reference, 'bound', ...names],
    all.map((scenario) => [
      `\`${scenario.name}\``,
      share(scenario.policies[reference]?.goodput.mean),
      share(scenario.bounds['mig']?.mean),
      ...names.map((name) => lead(scenario.policies[name]?.pairedDifference ?? null)),
    ]),
  )
}

/** Parts of Goodput, means over the scenarios. */
function parts({ scenarios: all }: SuiteResult): string {
  const names = [...new Set(all.flatMap(({ policies }) => Object.keys(policies)))]
  return markdownTable(
    [
      'policy',
      'Goodput',
      'of the bound',
      'in SLO',
      'accuracy',
      'shed',
      'late',
      'reconf.',
      'retrain.',
    ],
    names.map((name) => {
      const own = all.flatMap(({ policies }) => policies[name] ?? [])
      const of = (pick: (policy: (typeof own)[number]) => number) =>
        own.reduce((sum, policy) => sum + pick(policy), 0) / own.length
      return [
        `\`${name}\`${own[0]?.isOracle === true ? ' (oracle)' : ''}`,
        share(of(({ goodput }) => goodput.mean)),
        share(of(({ shareOfBound }) => shareOfBound)),
        share(of(({ sloAttainment }) => sloAttainment)),
        share(of(({ accuracy }) => accuracy)),
        count(of(({ shed }) => shed)),
        count(of(({ late }) => late)),
        of(({ reconfigurations }) => reconfigurations).toFixed(1),
        of(({ retrainings }) => retrainings).toFixed(1),
      ]
    }),
  )
}

/** Scenarios whose best other policy is ahead at all. */
function losses({ scenarios: all }: SuiteResult): string {
  const isAhead = ({ bestOther }: ScenarioResult) =>
    bestOther !== null && bestOther.pairedDifference.mean < 0
  const rows = all
    .filter(isAhead)
    .map(({ name, bestOther, bestOtherToldNoTruth }) => [
      `\`${name}\``,
      `\`${bestOther?.policy}\``,
      lead(bestOther?.pairedDifference ?? null),
      bestOther?.isReferenceBehind === true ? 'yes' : 'no',
      bestOtherToldNoTruth === null ? '–' : `\`${bestOtherToldNoTruth.policy}\``,
      lead(bestOtherToldNoTruth?.pairedDifference ?? null),
    ])
  if (rows.length === 0) return 'There is none.'
  return markdownTable(
    ['scenario', 'best other', 'lead', 'beyond the interval', 'best without the truth', 'lead'],
    rows,
  )
}

function sources({ sources: all }: SuiteResult): string {
  if (all === null) return 'These rows were not run.'
  return markdownTable(
    ['from', 'run instead', 'points', 'relative', 'scenarios', 'seeds'],
    all.map(({ source, without, absolute, relative, scenarios: many, seeds }) => [
      source,
      `\`${without}\``,
      `${points(absolute.mean)} (${between(absolute)})`,
      `${points(relative.mean)} %`,
      String(many),
      String(seeds),
    ]),
  )
}

function overhead({ overhead: all, awareAgainstBlind: aware }: SuiteResult): string {
  if (all === null) return 'These rows were not run.'
  const rows = all.map((own) => [
    `\`${own.planner}\`, cold → pre-initialised`,
    `${count(own.lostCold)} → ${count(own.lostPreInitialised)}`,
    less(own.reduction),
    less(own.meanReduction?.mean ?? null),
    `${own.reconfigurationsCold.toFixed(1)} → ${own.reconfigurationsPreInitialised.toFixed(1)}`,
    `${share(own.goodputCold)} → ${share(own.goodputPreInitialised)}`,
  ])
  const against =
    aware === null
      ? []
      : [
          [
            `\`${aware.blind}\`, cold → \`${aware.aware}\`, pre-initialised`,
            `${count(aware.lostBlind)} → ${count(aware.lostAware)}`,
            less(aware.reduction),
            less(aware.meanReduction?.mean ?? null),
            `${aware.reconfigurationsBlind.toFixed(1)} → ${aware.reconfigurationsAware.toFixed(1)}`,
            '–',
          ],
        ]
  const titles = ['plans', 'requests lost', 'of the sum', 'mean of runs', 'reconf.', 'Goodput']
  return markdownTable(titles, [...rows, ...against])
}

function windowAccuracy({ ownObjectives }: SuiteResult): string {
  return markdownTable(
    ['policy', 'continuous learning', 'all scenarios', 'unanswered counted as wrong'],
    ownObjectives.windowAccuracy.map(({ policy, continuousLearning, all, answered }) => [
      `\`${policy}\``,
      share(continuousLearning ?? undefined),
      share(all),
      share(answered),
    ]),
  )
}

function peakLoad({ ownObjectives: { peakLoad: all } }: SuiteResult): string {
  if (all === null) return 'These rows were not run.'
  const names = [...new Set(all.flatMap(({ policies }) => Object.keys(policies)))]
  return markdownTable(
    ['scenario', ...names],
    all.map(({ scenario, policies }) => [
      `\`${scenario}\``,
      ...names.map((name) => count(policies[name]?.mean ?? 0)),
    ]),
  )
}

function budget(result: SuiteResult): string {
  const { budget: own, inputs, seeds, scenarios: all } = result
  const gap = own.gapMean === null ? '' : ` Mean proven gap of its plans: ${share(own.gapMean)} %.`
  return (
    `${all.length} scenarios, seeds ${seeds.join(', ')}; ${own.runs} runs of ` +
    `${count(own.requestsMean)} requests on average, at most ${count(own.requestsMax)}. Solver ` +
    `work allowed per plan: ${own.plannerWork ?? "the site's"}; \`${result.reference}\` took ` +
    `${count(own.stepsMean)} steps a plan on average, at most ${count(own.stepsMax)}, and was ` +
    `charged ${own.chargedSecondsMean.toFixed(1)} s a run.${gap} Intervals: ${result.intervals}. ` +
    `Code \`${inputs.code}\`, scenarios and data \`${inputs.scenarios}\`.`
  )
}

function share(value: number | undefined): string {
  return value === undefined ? '–' : (value * 100).toFixed(1)
}

function less(reduction: number | null): string {
  return reduction === null ? '–' : `${percent(reduction, 0)} less`
}

function between({ low, high }: Interval): string {
  return `${points(low)} … ${points(high)}`
}

function lead(difference: Interval | null): string {
  if (difference === null) return '–'
  const { mean, low, high } = difference
  return low === high ? points(mean) : `${points(mean)} ± ${(((high - low) / 2) * 100).toFixed(1)}`
}
