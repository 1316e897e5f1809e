import { mean } from '../statistics.ts'
import type { SuiteResult } from '../suite/suite-result.ts'
import { percent } from '../units.ts'
import { drawing, element, textAt } from './markup.ts'

const width = 760
const left = 210
const right = 190
const rowHeight = 26
const top = 26

type Bar = {
  readonly name: string
  readonly value: number
  readonly label: string
  readonly kind: string
}

/** Requests that capacity under reconfiguration could have answered, over all that arrived. */
export function lostChart({ scenarios, reference }: SuiteResult): string {
  const names = Object.keys(scenarios[0]?.policies ?? {})
  const bars = names.map((name): Bar => {
    const own = scenarios.flatMap(({ policies, requests }) => {
      const policy = policies[name]
      return policy === undefined ? [] : [{ ...policy, requests }]
    })
    const value = mean(own.map((row) => row.capacityLostRequests / row.requests))
    const changes = mean(own.map(({ reconfigurations }) => reconfigurations))
    const label = `${percent(value, 2)}, ${changes.toFixed(1)} reconfigurations`
    return { name, value, label, kind: name === reference ? 'bar own' : 'bar other' }
  })
  const title = 'Requests lost to reconfiguration, of all that arrived; mean over the scenarios'
  return barChart(title, bars)
}

/** One planner's plans carried out cold and pre-initialised. */
export function overheadChart({ overhead }: SuiteResult): string {
  if (overhead === null) return ''
  const bars = overhead.flatMap((own): readonly Bar[] => {
    const each = (changes: number) => `${changes.toFixed(1)} reconfigurations`
    const less = own.reduction === null ? '' : `${percent(own.reduction, 0)} less, `
    return [
      {
        name: `${own.planner}, cold`,
        value: own.lostCold,
        label: each(own.reconfigurationsCold),
        kind: 'bar other',
      },
      {
        name: 'pre-initialised',
        value: own.lostPreInitialised,
        label: less + each(own.reconfigurationsPreInitialised),
        kind: 'bar own',
      },
    ]
  })
  const title = 'The same plans, cold and pre-initialised: requests lost in a run'
  return barChart(title, bars)
}

function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1e-9, ...bars.map(({ value }) => value))
  const rows = bars.map(({ name, value, label, kind }, index) => {
    const y = top + index * rowHeight
    const length = ((width - left - right) * value) / most
    return [
      textAt(name, { class: 'bar-name', x: left - 10, y: y + 13, 'text-anchor': 'end' }),
      element('rect', { class: kind, x: left, y, width: length, height: 17 }),
      textAt(label, { class: 'tick', x: left + length + 8, y: y + 13 }),
    ].join('')
  })
  const size = { width, height: top + bars.length * rowHeight + 4 }
  const content = [textAt(title, { class: 'chart-title', x: left, y: 13 }), ...rows]
  return element('div', { class: 'wide' }, drawing(size, title, content.join('')))
}
