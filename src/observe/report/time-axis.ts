import { element, textAt } from './markup.ts'

/** The shared frame of all charts over time, so that they line up below each other. */
export const frame = { width: 1080, left: 96, right: 16 } as const

/** Maps seconds of the run to x. */
export function timeScale(durationSeconds: number): (seconds: number) => number {
  const span = frame.width - frame.left - frame.right
  return (seconds) => frame.left + (span * seconds) / durationSeconds
}

/** A faint line across the chart at height `y`; its label stands `drop` below it, at the left. */
export function levelLine(y: number, label: string, drop = 4): string {
  const ends = { x1: frame.left, x2: frame.width - frame.right, y1: y, y2: y }
  const place = { class: 'tick', x: frame.left - 8, y: y + drop, 'text-anchor': 'end' }
  return element('line', { class: 'grid', ...ends }) + textAt(label, place)
}

/** Vertical lines at window starts and labelled ticks below `bottom`. */
export function timeAxis(options: {
  readonly durationSeconds: number
  readonly windowSeconds: number
  readonly top: number
  readonly bottom: number
}): string {
  const x = timeScale(options.durationSeconds)
  const parts: string[] = []
  const labelEvery = Math.max(1, Math.ceil(options.durationSeconds / options.windowSeconds / 12))
  for (let window = 0; window * options.windowSeconds <= options.durationSeconds; window += 1) {
    const at = window * options.windowSeconds
    const ends = { x1: x(at), x2: x(at), y1: options.top, y2: options.bottom }
    parts.push(element('line', { class: 'grid', ...ends }))
    if (window % labelEvery === 0) {
      const place = { class: 'tick', x: x(at), y: options.bottom + 14, 'text-anchor': 'middle' }
      parts.push(textAt(`${at} s`, place))
    }
  }
  return parts.join('')
}
