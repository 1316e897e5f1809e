import type { PolicySummary } from '../comparison.ts'
import { percent } from '../units.ts'
import { drawing, element, textAt } from './markup.ts'

const left = 190
const right = 90
const width = 720
const rowHeight = 26

/** Goodput per policy with its 95 % interval, best first. */
export function goodputBars(policies: Readonly<Record<string, PolicySummary>>): string {
  const rows = Object.entries(policies).sort(([, a], [, b]) => b.goodput.mean - a.goodput.mean)
  const best = Math.max(1e-9, ...rows.map(([, summary]) => summary.goodput.high))
  const x = (value: number) => left + ((width - left - right) * Math.max(0, value)) / best
  const bars = rows.map(([name, summary], index) => {
    const y = 8 + index * rowHeight
    const { mean, low, high } = summary.goodput
    const whisker = { x1: x(low), x2: x(high), y1: y + 9, y2: y + 9 }
    return [
      textAt(name, { class: 'bar-name', x: left - 10, y: y + 13, 'text-anchor': 'end' }),
      element('rect', { class: 'bar', x: left, y, width: x(mean) - left, height: 18, rx: 2 }),
      element('line', { class: 'whisker', ...whisker }),
      textAt(percent(mean), { class: 'tick', x: x(Math.max(mean, high)) + 8, y: y + 13 }),
    ].join('')
  })
  const size = { width, height: 16 + rows.length * rowHeight }
  return element('div', { class: 'bars' }, drawing(size, 'Goodput per policy', bars.join('')))
}
