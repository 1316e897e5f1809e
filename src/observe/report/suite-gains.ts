import type { Interval } from '../statistics.ts'
import type { SuiteResult } from '../suite/suite-result.ts'
import { points } from '../units.ts'
import { drawing, element, textAt } from './markup.ts'

const width = 790
const left = 170
const right = 180
const rowHeight = 34

/** Relative gain of the reference over each other policy, with intervals. */
export function gainChart({ gains, reference }: SuiteResult): string {
  const intervals = gains.flatMap(({ continuousLearning, all }) =>
    continuousLearning === null ? [all.relative] : [continuousLearning.relative, all.relative],
  )
  const low = Math.min(0, ...intervals.map((own) => own.low))
  const high = Math.max(0.01, ...intervals.map((own) => own.high))
  const x = (value: number) => left + ((width - left - right) * (value - low)) / (high - low)
  const bottom = 30 + gains.length * rowHeight
  const rows = gains.map(({ over, continuousLearning, all }, index) => {
    const y = 36 + index * rowHeight
    const name = { class: 'bar-name', x: left - 10, y: y + 13, 'text-anchor': 'end' }
    const both = continuousLearning !== null
    return [
      textAt(over, name),
      both ? dot(continuousLearning.relative, { x, y: y + 3, kind: 'learning' }) : '',
      dot(all.relative, { x, y: both ? y + 17 : y + 9, kind: 'all' }),
    ].join('')
  })
  const step = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2].find((own) => (high - low) / own <= 9) ?? 5
  const ticks: string[] = []
  for (let tick = Math.ceil(low / step); tick * step <= high + 1e-9; tick += 1) {
    const at = x(tick * step)
    const kind = tick === 0 ? 'zero' : 'grid'
    ticks.push(element('line', { class: kind, x1: at, x2: at, y1: 24, y2: bottom + 6 }))
    const words = `${points(tick * step, 0)} %`
    ticks.push(textAt(words, { class: 'tick', x: at, y: bottom + 20, 'text-anchor': 'middle' }))
  }
  const title = `Relative gain of ${reference} in Goodput over others`
  const content = [textAt(title, { class: 'chart-title', x: left, y: 13 }), ...ticks, ...rows]
  const size = { width, height: bottom + 26 }
  return element('div', { class: 'wide' }, drawing(size, title, content.join('')))
}

function dot(
  { mean, low, high }: Interval,
  place: { readonly x: (value: number) => number; readonly y: number; readonly kind: string },
): string {
  const { x, y, kind } = place
  const label = `${points(mean)} % (${points(low)} … ${points(high)})`
  return [
    element('line', { class: `span ${kind}`, x1: x(low), x2: x(high), y1: y, y2: y }),
    element('circle', { class: `dot ${kind}`, cx: x(mean), cy: y, r: 4 }),
    textAt(label, { class: 'tick', x: x(high) + 9, y: y + 4 }),
  ].join('')
}
