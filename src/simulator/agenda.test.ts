import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Agenda, type Rank, ranks } from './agenda.ts'

function inOrder(agenda: Agenda<string>): readonly string[] {
  const values: string[] = []
  for (let due = agenda.pop(); due !== null; due = agenda.pop()) values.push(due.value)
  return values
}

test('at one instant rank decides, then the order of scheduling', () => {
  const agenda = new Agenda<string>()
  agenda.add(5, 'window', 'window')
  agenda.add(5, 'timer', 'timer')
  agenda.add(5, 'fact', 'first fact')
  agenda.add(5, 'second', 'second')
  agenda.add(5, 'fact', 'second fact')
  agenda.add(5, 'plan', 'plan')
  agenda.add(5, 'fault', 'fault')
  agenda.add(4, 'window', 'earlier')
  expect(inOrder(agenda)).toEqual([
    'earlier',
    'fault',
    'first fact',
    'second fact',
    'plan',
    'timer',
    'second',
    'window',
  ])
})

test('the order is that of a stable sort, whatever is scheduled', () => {
  const things = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.constantFrom(...ranks)))
  fc.assert(
    fc.property(things, (drawn) => {
      const agenda = new Agenda<string>()
      const entries = drawn.map(([at, rank], i) => ({ at, rank: rank as Rank, name: `${i}` }))
      for (const { at, rank, name } of entries) agenda.add(at, rank, name)
      const sorted = [...entries].sort(
        (a, b) => a.at - b.at || ranks.indexOf(a.rank) - ranks.indexOf(b.rank),
      )
      expect(inOrder(agenda)).toEqual(sorted.map(({ name }) => name))
    }),
  )
})

test('nothing is scheduled into the past', () => {
  const agenda = new Agenda<string>()
  agenda.add(5, 'fact', 'now')
  agenda.pop()
  expect(() => agenda.add(4, 'fact', 'too late')).toThrow(/into the past/)
})
