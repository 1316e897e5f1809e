import { drawing, element, pixel, textAt } from './markup.ts'
import { frame, levelLine, timeAxis, timeScale } from './time-axis.ts'

export type Series = {
  readonly label: string
  readonly colour: string
  /** One value per second of the run. */
  readonly values: readonly number[]
  readonly style: 'line' | 'dashed' | 'area'
}

export type LineChart = {
  readonly title: string
  readonly series: readonly Series[]
  readonly durationSeconds: number
  readonly windowSeconds: number
  readonly range: { readonly low: number; readonly high: number } | null
  readonly format: (value: number) => string
}

const height = 150
const top = 24
const bottom = height - 20

/**
 * Lines over the run. Long runs are thinned to one point per horizontal pixel pair, as the mean of
 * the seconds it covers, so that peaks are averaged, never picked.
 */
export function lineChart(chart: LineChart): string {
  const stride = Math.max(1, Math.ceil(chart.durationSeconds / 460))
  const thinned = chart.series.map((series) => thin(series.values, stride))
  const highest = Math.max(1e-9, ...thinned.flat())
  const { low, high } = chart.range ?? { low: 0, high: niceCeiling(highest) }
  const x = timeScale(chart.durationSeconds)
  const y = (value: number) => {
    const inside = Math.min(high, Math.max(low, value))
    return bottom - ((bottom - top) * (inside - low)) / (high - low)
  }
  const lines = chart.series.map((series, index) => {
    const points = (thinned[index] ?? []).map((value, i) => {
      const seconds = Math.min(chart.durationSeconds, (i + 0.5) * stride)
      return `${pixel(x(seconds))},${pixel(y(value))}`
    })
    return drawSeries(series, points)
  })
  const levels = [low, (low + high) / 2, high].map((value) =>
    levelLine(y(value), chart.format(value)),
  )
  const content = [
    textAt(chart.title, { class: 'chart-title', x: frame.left, y: 13 }),
    legend(chart.series),
    timeAxis({ ...chart, top, bottom }),
    ...levels,
    ...lines,
  ]
  return drawing({ width: frame.width, height }, chart.title, content.join(''))
}

function drawSeries(series: Series, points: readonly string[]): string {
  const { colour, style } = series
  if (style === 'area') {
    const first = points[0]?.split(',')[0] ?? '0'
    const last = points.at(-1)?.split(',')[0] ?? '0'
    const outline = `${first},${bottom} ${points.join(' ')} ${last},${bottom}`
    return element('polygon', { points: outline, fill: colour, 'fill-opacity': '0.22' })
  }
  const dash: Record<string, string> = style === 'dashed' ? { 'stroke-dasharray': '5 4' } : {}
  const stroke = { fill: 'none', stroke: colour, 'stroke-width': 1.6, ...dash }
  return element('polyline', { points: points.join(' '), ...stroke })
}

function legend(series: readonly Series[]): string {
  const entryWidth = 170
  const start = frame.width - frame.right - entryWidth * series.length
  return series
    .map((entry, index) => {
      const at = start + index * entryWidth
      const dash: Record<string, string> =
        entry.style === 'dashed' ? { 'stroke-dasharray': '5 4' } : {}
      const stroke = { stroke: entry.colour, 'stroke-width': 2, ...dash }
      const sample =
        entry.style === 'area'
          ? element('rect', {
              ...{ x: at, y: 4, width: 22, height: 10 },
              ...{ fill: entry.colour, 'fill-opacity': '0.22' },
            })
          : element('line', { x1: at, x2: at + 22, y1: 9, y2: 9, ...stroke })
      return sample + textAt(entry.label, { class: 'tick', x: at + 28, y: 13 })
    })
    .join('')
}

function thin(values: readonly number[], stride: number): number[] {
  const thinned: number[] = []
  for (let i = 0; i < values.length; i += stride) {
    const part = values.slice(i, i + stride)
    thinned.push(part.reduce((sum, value) => sum + value, 0) / part.length)
  }
  return thinned
}

/** The next 1, 2, 2.5 or 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power
}
