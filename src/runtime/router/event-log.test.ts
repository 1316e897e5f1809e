import { expect, test } from 'vitest'
import { EventLog } from './event-log.ts'

const serving = (serverId: string) => ({ kind: 'serving', tenant: 'a', serverId }) as const

function told(log: EventLog, from = 0) {
  const lines: { number: number; event: { kind: string } }[] = []
  for (let next = log.after(from); next !== null; next = log.after(next.number)) {
    lines.push(JSON.parse(next.line))
  }
  return lines
}

test('events are told in order until they are acknowledged, and again to the next daemon', () => {
  const log = new EventLog({ bytesMax: 1e6, now: () => 1 })
  for (const serverId of ['x', 'y', 'z']) log.append(serving(serverId))
  expect(told(log).map(({ number }) => number)).toEqual([1, 2, 3])
  log.acknowledge(2)
  expect(told(log).map(({ number }) => number)).toEqual([3])
  log.acknowledge(3)
  expect(told(log)).toEqual([])
  log.append(serving('w'))
  expect(told(log, 3)).toMatchObject([{ number: 4, event: serving('w') }])
})

test('beyond its memory the oldest events go, and which ones is told', () => {
  const log = new EventLog({ bytesMax: 10_000, now: () => 1 })
  for (let i = 0; i < 1000; i += 1) log.append(serving(`s${i}`))
  const [first, ...rest] = told(log)
  const kept = rest.map(({ number }) => number)
  expect(first).toMatchObject({
    number: (kept[0] ?? 0) - 1,
    event: { kind: 'events-lost', from: 1, through: (kept[0] ?? 0) - 1 },
  })
  expect(kept.at(-1)).toBe(1000)
  expect(kept).toEqual(kept.map((_, i) => (kept[0] ?? 0) + i))
  expect(rest.reduce((sum, line) => sum + JSON.stringify(line).length, 0)).toBeLessThan(10_000)
})
