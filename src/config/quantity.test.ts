import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseQuantity, type QuantityKind, quantityPattern } from './quantity.ts'

function value(kind: QuantityKind, text: string): number | string {
  const result = parseQuantity(kind, text)
  return result.kind === 'quantity' ? result.value : result.found
}

test('durations are seconds, rates requests per second, memory MiB', () => {
  expect(value('duration', '100ms')).toBe(0.1)
  expect(value('duration', '2.5 s')).toBe(2.5)
  expect(value('duration', '3min')).toBe(180)
  expect(value('duration', '1h')).toBe(3600)
  expect(value('rate', '120/s')).toBe(120)
  expect(value('rate', '90/min')).toBe(1.5)
  expect(value('rate', '1e3/s')).toBe(1000)
  expect(value('memory', '6GiB')).toBe(6144)
})

test('0 needs no unit, every other number does', () => {
  expect(value('duration', '0')).toBe(0)
  expect(value('duration', '100')).toBe('"100" without a unit')
  expect(value('rate', '5')).toBe('"5" without a unit')
})

test('what is refused says why', () => {
  expect(value('duration', '-1s')).toBe('the negative "-1s"')
  expect(value('duration', '1d')).toBe('"1d" with an unknown unit')
  expect(value('duration', 'soon')).toBe('"soon"')
  expect(value('rate', '1e400/s')).toBe('"1e400/s", which is too large')
  expect(value('memory', '6 toString')).toBe('"6 toString" with an unknown unit')
})

test('any text is a finite value from 0 or refused; what editors accept is accepted', () => {
  const kinds = fc.constantFrom<QuantityKind>('duration', 'rate', 'memory')
  fc.assert(
    fc.property(kinds, fc.string(), (kind, text) => {
      const result = parseQuantity(kind, text)
      if (result.kind === 'quantity') expect(result.value).toBeGreaterThanOrEqual(0)
      else expect(new RegExp(quantityPattern(kind)).test(text)).toBe(false)
    }),
  )
  fc.assert(
    fc.property(
      kinds.chain((kind) =>
        fc.tuple(fc.constant(kind), fc.stringMatching(new RegExp(quantityPattern(kind)))),
      ),
      ([kind, text]) => {
        expect(parseQuantity(kind, text.slice(0, 300)).kind).toBeDefined()
        if (text.length < 100) expect(parseQuantity(kind, text).kind).toBe('quantity')
      },
    ),
  )
})
