import { must } from '../../base/assert.ts'
import type { Interval } from '../../observe/statistics.ts'
import type { BestOther, ScenarioResult, SuiteResult } from '../../observe/suite/suite-result.ts'
import { type Column, textTable } from '../../observe/text-table.ts'
import { count, percent, points } from '../../observe/units.ts'

/** Whose columns stand in the table of scenarios; the others are in the gains. */
const columnsFor = ['ekya', 'astraea', 'paris', 'static-best']

/** The suite's result for a terminal, at most 120 columns wide. */
export function suiteTable(result: SuiteResult): string {
  const { seeds, reference } = result
  const many = `${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'} (${seeds.join(', ')})`
  return [
    `Scenario suite, simulated, ${many}; the same arrivals and truth for all`,
    '',
    `Goodput of ${reference} in %, and its lead over others in points, paired by seed`,
    scenarioTable(result),
    `! behind by more than the interval; best other: of all, oracles included`,
    '',
    `Gain of ${reference}, relative in % with its interval, and in points`,
    gainTable(result),
    `Intervals: ${result.intervals}`,
    ...sourceLines(result),
    ...overheadLines(result),
    ...ownObjectiveLines(result),
    '',
    budgetLine(result),
  ].join('\n')
}

function scenarioTable({ scenarios, reference }: SuiteResult): string {
  const shown = columnsFor.filter((own) => scenarios.some(({ policies }) => policies[own]))
  const lead = (policy: string) => (row: ScenarioResult) => {
    const difference = row.policies[policy]?.pairedDifference
    return difference == null ? '–' : plusMinus(difference)
  }
  const columns: readonly Column<ScenarioResult>[] = [
    { title: 'scenario', align: 'left', cell: ({ name }) => name },
    {
      title: 'Goodput',
      align: 'right',
      cell: ({ policies }) => percentPlain(policies[reference]?.goodput.mean),
    },
    { title: 'bound', align: 'right', cell: (row) => boundOf(row, reference) },
    ...shown.map((policy): Column<ScenarioResult> => {
      return { title: policy, align: 'right', cell: lead(policy) }
    }),
    { title: 'best other', align: 'right', cell: ({ bestOther }) => bestWords(bestOther) },
    { title: '', align: 'left', cell: ({ bestOther }) => bestOther?.policy ?? '' },
  ]
  return textTable(columns, scenarios)
}

function boundOf({ bounds }: ScenarioResult, _reference: string): string {
  const bound = bounds['mig'] ?? Object.values(bounds)[0]
  return percentPlain(bound?.mean)
}

function bestWords(best: BestOther | null): string {
  if (best === null) return '–'
  const { pairedDifference, isReferenceBehind } = best
  return `${isReferenceBehind ? '! ' : ''}${plusMinus(pairedDifference)}`
}

function gainTable({ gains }: SuiteResult): string {
  const words = (interval: Interval | undefined, low: boolean) =>
    interval === undefined
      ? '–'
      : low
        ? `${points(interval.low)} … ${points(interval.high)}`
        : points(interval.mean)
  const columns: readonly Column<SuiteResult['gains'][number]>[] = [
    { title: 'over', align: 'left', cell: ({ over }) => over },
    ...(['continuousLearning', 'all'] as const).flatMap((which) => {
      const title = which === 'all' ? 'all scenarios' : 'continuous learning'
      const of = (gain: SuiteResult['gains'][number]) => gain[which] ?? undefined
      return [
        { title, align: 'right', cell: (gain) => words(of(gain)?.relative, false) },
        { title: 'interval', align: 'right', cell: (gain) => words(of(gain)?.relative, true) },
        { title: 'points', align: 'right', cell: (gain) => words(of(gain)?.absolute, false) },
      ] satisfies readonly Column<SuiteResult['gains'][number]>[]
    }),
  ]
  return textTable(columns, gains)
}

function sourceLines({ sources, reference }: SuiteResult): readonly string[] {
  if (sources === null) return []
  const lines = sources.map(({ source, without, absolute, relative, scenarios, seeds }) => {
    const interval = `${points(absolute.low)} … ${points(absolute.high)}`
    const gain = `${points(absolute.mean)} points (${interval})`
    const of = `${scenarios} scenarios, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`
    return `  ${source}: ${gain}, ${points(relative.mean)} % over ${without}; ${of}`
  })
  return ['', `Where the gain of ${reference} comes from:`, ...lines]
}

function overheadLines({ overhead, awareAgainstBlind }: SuiteResult): readonly string[] {
  if (overhead === null) return []
  const aware = awareAgainstBlind === null ? [] : [awareLine(awareAgainstBlind)]
  const lines = overhead.map((own) => {
    const less = own.reduction === null ? '–' : percent(own.reduction, 0)
    const each = own.meanReduction
    const mean = each === null ? '' : `, mean of the runs ${percent(each.mean, 0)}`
    return (
      `  ${own.planner}: ${less} less${mean}; ${count(own.lostCold)} → ` +
      `${count(own.lostPreInitialised)} requests, ${own.reconfigurationsCold.toFixed(1)} → ` +
      `${own.reconfigurationsPreInitialised.toFixed(1)} reconfigurations, Goodput ` +
      `${percent(own.goodputCold)} → ${percent(own.goodputPreInitialised)}`
    )
  })
  const head = 'Capacity lost to reconfiguration, the same plans cold → pre-initialised:'
  return ['', head, ...lines, ...aware]
}

function awareLine(own: NonNullable<SuiteResult['awareAgainstBlind']>): string {
  const less = own.reduction === null ? '–' : percent(own.reduction, 0)
  return (
    `  ${own.aware} against ${own.blind}: ${less} less; ${count(own.lostBlind)} → ` +
    `${count(own.lostAware)} requests, ${own.reconfigurationsBlind.toFixed(1)} → ` +
    `${own.reconfigurationsAware.toFixed(1)} reconfigurations`
  )
}

function ownObjectiveLines({ ownObjectives }: SuiteResult): readonly string[] {
  const accuracies = ownObjectives.windowAccuracy.map(({ policy, all, answered }) => {
    return `${policy} ${percent(all)} (${percent(answered)})`
  })
  const peaks = (ownObjectives.peakLoad ?? []).map(({ scenario, policies }) => {
    const each = Object.entries(policies).map(([name, own]) => `${name} ${count(own.mean)}`)
    return `  ${scenario}: ${each.join(', ')}`
  })
  return [
    '',
    "Ekya's objective, mean accuracy of a window (unanswered requests counted as wrong):",
    ...wrapped(accuracies, 112).map((line) => `  ${line}`),
    ...(peaks.length === 0
      ? []
      : ['', "PARIS's and Astraea's, highest steady load within the SLO, requests/s:", ...peaks]),
  ]
}

function budgetLine({ budget }: SuiteResult): string {
  const { plannerWork, requestsMean, requestsMax, stepsMean, chargedSecondsMean, gapMean } = budget
  const work = plannerWork === null ? "the site's" : count(plannerWork)
  const gap = gapMean === null ? '' : `, mean proven gap ${percent(gapMean, 2)}`
  return (
    `${budget.runs} runs; requests in a run: ${count(requestsMean)}, at most ` +
    `${count(requestsMax)}; solver work allowed per plan: ${work};\n` +
    `steps per plan: ${count(stepsMean)}; charged per run: ${chargedSecondsMean.toFixed(1)} s${gap}`
  )
}

function wrapped(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 2 > width) lines.push(word)
    else lines[lines.length - 1] = `${last}, ${word}`
  }
  return lines
}

function plusMinus({ mean, low, high }: Interval): string {
  return low === high ? points(mean) : `${points(mean)} ± ${(((high - low) / 2) * 100).toFixed(1)}`
}

function percentPlain(share: number | undefined): string {
  return share === undefined ? '–' : (must(share) * 100).toFixed(1)
}
