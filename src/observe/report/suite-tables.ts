import type { Interval } from '../statistics.ts'
import type { ScenarioResult, SuiteResult } from '../suite/suite-result.ts'
import { count, percent, points } from '../units.ts'
import { escapeText, htmlTable } from './markup.ts'

/** Lead of the reference over every other policy in points, scenario by scenario. */
export function leadTable({ scenarios, reference, gains }: SuiteResult): string {
  const others = gains.map(({ over }) => over)
  const titles = ['scenario', `Goodput of ${reference}`, 'bound', ...others, 'best other']
  const rows = scenarios.map((scenario) => ({
    cells: [
      escapeText(scenario.name),
      percent(scenario.policies[reference]?.goodput.mean ?? 0),
      boundWords(scenario),
      ...others.map((name) => leadWords(scenario.policies[name]?.pairedDifference ?? null)),
      bestWords(scenario),
    ],
    ...(scenario.bestOther?.isReferenceBehind === true ? { kind: 'behind' } : {}),
  }))
  return htmlTable(titles, rows)
}

function boundWords({ bounds }: ScenarioResult): string {
  const bound = bounds['mig'] ?? Object.values(bounds)[0]
  return bound === undefined ? '–' : percent(bound.mean)
}

function leadWords(difference: Interval | null): string {
  if (difference === null) return '–'
  const { mean, low, high } = difference
  return low === high ? points(mean) : `${points(mean)} ± ${(((high - low) / 2) * 100).toFixed(1)}`
}

function bestWords({ bestOther }: ScenarioResult): string {
  return bestOther === null ? '–' : escapeText(bestOther.policy)
}

export function sourceTable({ sources }: SuiteResult): string {
  if (sources === null) return ''
  const titles = ['from', 'run instead', 'points', 'interval', 'relative', 'scenarios', 'seeds']
  const rows = sources.map((own) => ({
    cells: [
      escapeText(sourceWords[own.source] ?? own.source),
      escapeText(own.without),
      points(own.absolute.mean),
      `${points(own.absolute.low)} … ${points(own.absolute.high)}`,
      `${points(own.relative.mean)} %`,
      String(own.scenarios),
      String(own.seeds),
    ],
  }))
  return htmlTable(titles, rows)
}

const sourceWords: Readonly<Record<string, string>> = {
  arrivals: 'following arrivals',
  retraining: 'retraining at all',
  preInitialization: 'knowing and hiding the overhead',
}

/** Each policy on what Ekya, PARIS and Astraea were made to maximise. */
export function ownObjectiveTable({ ownObjectives }: SuiteResult): string {
  const { windowAccuracy, peakLoad } = ownObjectives
  const peaks = peakLoad ?? []
  const titles = [
    'policy',
    'window accuracy (Ekya)',
    'continuous learning',
    'unanswered counted as wrong',
    ...peaks.map(({ scenario }) => `peak requests/s, ${scenario}`),
  ]
  const share = (value: number | null) => (value === null ? '–' : percent(value))
  const rows = windowAccuracy.map(({ policy, all, continuousLearning, answered }) => ({
    cells: [
      escapeText(policy),
      share(all),
      share(continuousLearning),
      share(answered),
      ...peaks.map(({ policies }) => {
        const peak = policies[policy]
        return peak === undefined ? '–' : count(peak.mean)
      }),
    ],
  }))
  return htmlTable(titles, rows)
}
