import type { RunResult } from '../run-result.ts'
import type { SuiteResult } from '../suite/suite-result.ts'
import { count, percent } from '../units.ts'
import { hatchPatterns, layoutTimeline } from './layout-timeline.ts'
import { element, escapeText } from './markup.ts'
import { tenantKey } from './page.ts'
import type { ReportGpu } from './report-gpu.ts'
import { reportStyle } from './style.ts'
import { scenarioCharts } from './suite-bars.ts'
import { gainChart } from './suite-gains.ts'
import { latencyChart } from './suite-latency.ts'
import { lostChart, overheadChart } from './suite-lost.ts'
import { suiteStyle } from './suite-style.ts'
import { leadTable, ownObjectiveTable, sourceTable } from './suite-tables.ts'

/** Runs of one scenario and seed by several policies, to be seen beside each other. */
export type SuiteTimelines = {
  readonly scenario: string
  readonly seed: number
  readonly runs: readonly {
    readonly run: RunResult
    readonly gpus: readonly ReportGpu[]
  }[]
  readonly windowSeconds: number
}

/** The suite as one self-contained HTML page: no script, no network, every figure from rows. */
export function suitePage(result: SuiteResult, timelines: SuiteTimelines | null): string {
  const { scenarios, seeds, reference } = result
  const ofSeeds = seeds.length === 1 ? '1 seed' : `${seeds.length} seeds`
  const many = `${scenarios.length} scenarios, ${ofSeeds} (${seeds.join(', ')})`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>migrator compare --suite</title><style>${reportStyle}${suiteStyle}</style></head>
<body><main>
<h1>Scenario suite: policies compared</h1>
<p class="soft">Simulated, request by request: ${many}, the same arrivals, drift and truth for
every policy of a scenario and seed. Goodput is the share of requests answered in time
<em>and</em> correctly. Intervals are ${escapeText(result.intervals)}.</p>
<h2>Gain of ${escapeText(reference)}</h2>
${key(gainKey)}
${gainChart(result)}
<h2>Goodput, scenario by scenario</h2>
${key(barKey)}
${scenarioCharts(result)}
<h3>Lead of ${escapeText(reference)}, in points</h3>
<p class="soft">Paired seed by seed. In the marked scenarios the best other policy, oracles
included, is ahead by more than the interval.</p>
${leadTable(result)}
${result.sources === null ? '' : `<h2>Where the gain comes from</h2>\n${sourceTable(result)}`}
<h2>Capacity lost to reconfiguration</h2>
${lostChart(result)}
${overheadChart(result)}
<h2>Latency of answers</h2>
<p class="soft">Over the SLO, of the tenant that waits longest: the line holds 98 % of the answers,
the box half of them; the ring is the 99.9th percentile. Requests that nobody answers are not
in it.</p>
${latencyCharts(result)}
<h2>Each policy on what others were made for</h2>
<p class="soft">Ekya maximises the mean accuracy of a window, PARIS and Astraea the load that is
borne within the SLO.</p>
${ownObjectiveTable(result)}
${timelines === null ? '' : timelineSection(timelines)}
<footer>${footer(result)}</footer>
</main></body></html>
`
}

function latencyCharts(result: SuiteResult): string {
  const { scenarios } = result
  const groups = [
    { title: 'Continuous learning', isShown: true },
    { title: 'The other scenarios', isShown: false },
  ]
  return groups
    .filter(({ isShown }) => scenarios.some((own) => own.isContinuousLearning === isShown))
    .map(({ title, isShown }) =>
      latencyChart(result, title, (own) => own.isContinuousLearning === isShown),
    )
    .join('\n')
}

function timelineSection({ scenario, seed, runs, windowSeconds }: SuiteTimelines): string {
  const tenants = runs[0]?.run.tenants.map(({ tenant }) => tenant) ?? []
  const charts = runs.flatMap(({ run, gpus }) =>
    gpus.map((gpu) => {
      const { timeline: spans, durationSeconds } = run
      const titled = { ...gpu, title: `${run.policy}, ${gpu.title}` }
      return layoutTimeline({ gpu: titled, spans, tenants, durationSeconds, windowSeconds })
    }),
  )
  return [
    `<h2>One run: ${escapeText(scenario)}, seed ${seed}</h2>`,
    tenantKey(tenants),
    hatchPatterns(tenants),
    ...charts.map((chart) => element('div', { class: 'scroll' }, chart)),
  ].join('\n')
}

const gainKey = [
  { ground: 'var(--bar)', words: 'continuous learning' },
  { ground: 'var(--soft)', words: 'all scenarios' },
]

const barKey = [
  { ground: 'var(--bar)', words: 'migrator' },
  { ground: 'var(--other)', words: 'others' },
  { ground: 'var(--oracle)', words: 'oracles: told the truth in advance' },
  { ground: 'var(--bound)', words: 'bound that nobody can exceed' },
]

function key(entries: readonly { readonly ground: string; readonly words: string }[]): string {
  const items = entries.map(({ ground, words }) =>
    element('li', {}, element('span', { style: `background:${ground}` }) + escapeText(words)),
  )
  return element('ul', { class: 'key' }, items.join(''))
}

function footer({ budget, inputs }: SuiteResult): string {
  const work = budget.plannerWork === null ? "the site's" : count(budget.plannerWork)
  const gap = budget.gapMean === null ? '' : ` Mean proven gap ${percent(budget.gapMean, 2)}.`
  const lines = [
    `${budget.runs} runs of ${count(budget.requestsMean)} requests on average, at most ` +
      `${count(budget.requestsMax)}. Solver work allowed per plan: ${work}; steps taken: ` +
      `${count(budget.stepsMean)} on average, at most ${count(budget.stepsMax)}.${gap}`,
    `Code ${inputs.code}, scenarios and data ${inputs.scenarios}.`,
    'Nothing here was run on a MIG GPU.',
  ]
  return lines.map((line) => element('div', {}, escapeText(line))).join('')
}
