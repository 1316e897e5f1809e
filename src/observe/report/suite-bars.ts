import type { ScenarioResult, SuiteResult } from '../suite/suite-result.ts'
import { percent } from '../units.ts'
import { drawing, element, textAt } from './markup.ts'

const width = 400
const left = 132
const right = 40
const rowHeight = 19
const top = 30

/** One small chart a scenario: Goodput of every policy with its interval, and the bound. */
export function scenarioCharts({ scenarios, reference }: SuiteResult): string {
  const charts = scenarios.map((own) => scenarioChart(own, reference))
  return element('div', { class: 'charts' }, charts.join('\n'))
}

function scenarioChart(scenario: ScenarioResult, reference: string): string {
  const { name, policies } = scenario
  const rows = Object.entries(policies).sort(([, a], [, b]) => b.goodput.mean - a.goodput.mean)
  const low = axisFrom(rows.map(([, own]) => own.goodput.mean))
  const x = (value: number) =>
    left + ((width - left - right) * (Math.min(1, Math.max(low, value)) - low)) / (1 - low)
  const bottom = top + rows.length * rowHeight
  const bars = rows.map(([policy, { goodput, isOracle }], index) => {
    const y = top + index * rowHeight
    const kind = policy === reference ? 'bar own' : isOracle ? 'bar oracle' : 'bar other'
    const whisker = { x1: x(goodput.low), x2: x(goodput.high), y1: y + 7, y2: y + 7 }
    const figure = { class: 'tick', x: width - 4, y: y + 11, 'text-anchor': 'end' }
    return [
      textAt(policy, { class: 'tick', x: left - 6, y: y + 11, 'text-anchor': 'end' }),
      element('rect', { class: kind, x: left, y, width: x(goodput.mean) - left, height: 14 }),
      element('line', { class: 'whisker', ...whisker }),
      textAt((goodput.mean * 100).toFixed(1), figure),
    ].join('')
  })
  const content = [
    textAt(name, { class: 'chart-title', x: left, y: 13 }),
    textAt(`from ${percent(low, 0)}`, { class: 'tick', x: width - 4, y: 13, 'text-anchor': 'end' }),
    ...bars,
    ...boundLines(scenario, { x, bottom }),
  ]
  const size = { width, height: bottom + 4 }
  return drawing(size, `Goodput by policy, ${name}`, content.join(''))
}

function boundLines(
  { bounds }: ScenarioResult,
  { x, bottom }: { readonly x: (value: number) => number; readonly bottom: number },
): readonly string[] {
  return Object.entries(bounds).map(([mechanism, bound]) => {
    const at = x(bound.mean)
    const title = element('title', {}, `bound by ${mechanism}: ${percent(bound.mean)}`)
    const line = { class: 'bound', x1: at, x2: at, y1: top - 7, y2: bottom }
    return element('g', {}, title + element('line', line))
  })
}

/** Bars begin at a round number below the lowest, which the chart tells. */
function axisFrom(lows: readonly number[]): number {
  const lowest = Math.min(1, ...lows)
  return Math.max(0, Math.floor((lowest - 0.06) * 10) / 10)
}
