import type { TimelineSpan } from '../run-result.ts'
import { drawing, element, escapeText, tenantColour, textAt } from './markup.ts'
import type { ReportGpu } from './report-gpu.ts'
import { frame, levelLine, timeAxis, timeScale } from './time-axis.ts'

const sliceHeight = 17
const top = 24
const stripHeight = 4

/**
 * One GPU over the run: memory slices downwards, time to the right, one box per stretch of an
 * instance's life. Colour is the tenant; serving is full, retraining is hatched, initialising and
 * draining are pale, an idle instance is grey. Who is beside somebody else on an instance, because
 * one takes over from the other, is a strip along the box.
 */
export function layoutTimeline(options: {
  readonly gpu: ReportGpu
  readonly spans: readonly TimelineSpan[]
  readonly tenants: readonly string[]
  readonly durationSeconds: number
  readonly windowSeconds: number
}): string {
  const { gpu } = options
  const bottom = top + gpu.memorySlices * sliceHeight
  const x = timeScale(options.durationSeconds)
  const boxes = options.spans
    .filter((span) => span.gpu === gpu.index && span.untilSeconds > span.fromSeconds)
    .sort((a, b) => Number(a.isBeside ?? false) - Number(b.isBeside ?? false))
    .map((span) => box(span, options.tenants, x))
  const slices = Array.from({ length: gpu.memorySlices }, (_, slice) =>
    levelLine(top + slice * sliceHeight, `${gpu.rowName ?? 'slice'} ${slice}`, 12.5),
  )
  const content = [
    textAt(gpu.title, { class: 'chart-title', x: frame.left, y: 13 }),
    ...slices,
    ...boxes,
    timeAxis({ ...options, top, bottom }),
  ]
  const label = `${gpu.title}: layout over time`
  return drawing({ width: frame.width, height: bottom + 22 }, label, content.join(''))
}

function box(
  span: TimelineSpan,
  tenants: readonly string[],
  x: (seconds: number) => number,
): string {
  const left = x(span.fromSeconds)
  const width = Math.max(0.6, x(span.untilSeconds) - left)
  const y = top + span.start * sliceHeight
  const tenantIndex = span.tenant === null ? -1 : tenants.indexOf(span.tenant)
  const boxHeight = span.size * sliceHeight - 1
  const height = span.isBeside ? stripHeight : boxHeight
  const place = { x: left, y: y + 0.5 + boxHeight - height, width, height }
  const isOwn = span.phase === 'serving' || span.phase === 'retraining'
  const isLabelled = width > 58 && isOwn && !span.isBeside
  const labelKind = span.phase === 'serving' ? 'box-label' : 'box-label dark'
  const label = isLabelled
    ? textAt(span.profileName, { class: labelKind, x: left + 4, y: y + 12.5 })
    : ''
  const look = span.isBeside
    ? { ...fillOf(span, tenantIndex), ...stripLook }
    : fillOf(span, tenantIndex)
  const rect = element('rect', { ...place, ...look })
  return element('g', {}, element('title', {}, escapeText(describe(span))) + rect + label)
}

/** Over the box of whoever has the instance, so not pale. */
const stripLook = { 'fill-opacity': '1', class: 'strip' }

function describe(span: TimelineSpan): string {
  const from = span.fromSeconds.toFixed(1)
  const until = span.untilSeconds.toFixed(1)
  const holder = span.tenant ?? 'nobody'
  const place = `${span.profileName} at slice ${span.start}`
  const manner = span.isBeside ? `${span.phase} beside another worker` : span.phase
  return `${place}: ${holder}, ${manner}, ${from} to ${until} s`
}

function fillOf(span: TimelineSpan, tenantIndex: number): Record<string, string> {
  if (tenantIndex < 0) return { class: 'idle-box' }
  const colour = tenantColour(tenantIndex)
  switch (span.phase) {
    case 'serving':
      return { fill: colour }
    case 'retraining':
      return { fill: `url(#hatch-${tenantIndex})`, stroke: colour, 'stroke-width': '0.7' }
    case 'idle':
      return { class: 'idle-box' }
    case 'creating':
    case 'initialising':
    case 'draining':
    case 'destroying':
      return { fill: colour, 'fill-opacity': '0.28' }
  }
}

/** The hatch patterns that `layoutTimeline` refers to; once per page. */
export function hatchPatterns(tenants: readonly string[]): string {
  const patterns = tenants.map((_, index) => {
    const ground = element('rect', { width: 6, height: 6, class: 'hatch-ground' })
    const stripe = element('rect', { width: 2.6, height: 6, fill: tenantColour(index) })
    const shape = { width: 6, height: 6, patternUnits: 'userSpaceOnUse' }
    const id = `hatch-${index}`
    const turn = { patternTransform: 'rotate(45)' }
    return element('pattern', { id, ...shape, ...turn }, ground + stripe)
  })
  const hidden = { width: 0, height: 0, 'aria-hidden': 'true', style: 'position:absolute' }
  return element('svg', hidden, element('defs', {}, patterns.join('') || ' '))
}
