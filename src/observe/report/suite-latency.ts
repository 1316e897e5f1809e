import { latencyShares } from '../run-result.ts'
import { mean } from '../statistics.ts'
import type { ScenarioResult, SuiteResult } from '../suite/suite-result.ts'
import { drawing, element, textAt } from './markup.ts'

const width = 760
const left = 170
const right = 60
const rowHeight = 24
const top = 26
/** In SLOs. Beyond it nobody is answered: late requests are shed. */
const highest = 1.25

/**
 * How late answers are, over the SLO of the worst tenant: the line holds 98 % of the answers, the
 * box half of them, the mark is the middle; a ring is the 99.9th percentile.
 */
export function latencyChart(
  result: SuiteResult,
  title: string,
  isShown: (scenario: ScenarioResult) => boolean,
): string {
  const scenarios = result.scenarios.filter(isShown)
  const names = Object.keys(scenarios[0]?.policies ?? {})
  const x = (slos: number) => left + ((width - left - right) * Math.min(highest, slos)) / highest
  const bottom = top + names.length * rowHeight
  const rows = names.map((name, index) => {
    const of = (share: (typeof latencyShares)[number]) => {
      const at = latencyShares.indexOf(share)
      const all = scenarios.flatMap(({ policies }) => policies[name]?.latencyOverSlo[at] ?? [])
      return x(all.length === 0 ? 0 : mean(all))
    }
    const y = top + index * rowHeight + rowHeight / 2
    const box = { x: of(0.25), width: Math.max(1, of(0.75) - of(0.25)), y: y - 6, height: 12 }
    const kind = name === result.reference ? 'bar own' : 'bar other'
    return [
      textAt(name, { class: 'bar-name', x: left - 10, y: y + 4, 'text-anchor': 'end' }),
      element('line', { class: 'whisker', x1: of(0.01), x2: of(0.99), y1: y, y2: y }),
      element('rect', { class: kind, ...box }),
      element('line', { class: 'middle', x1: of(0.5), x2: of(0.5), y1: y - 8, y2: y + 8 }),
      element('circle', { class: 'ring', cx: of(0.999), cy: y, r: 3 }),
    ].join('')
  })
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((slos) => {
    const at = x(slos)
    const label = slos === 0 ? '0' : slos === 1 ? 'SLO' : `${slos}`
    const kind = slos === 1 ? 'bound' : 'grid'
    return (
      element('line', { class: kind, x1: at, x2: at, y1: top - 4, y2: bottom }) +
      textAt(label, { class: 'tick', x: at, y: bottom + 14, 'text-anchor': 'middle' })
    )
  })
  const content = [textAt(title, { class: 'chart-title', x: left, y: 13 }), ...ticks, ...rows]
  const size = { width, height: bottom + 20 }
  return element('div', { class: 'wide' }, drawing(size, title, content.join('')))
}
