import { expect, test } from 'vitest'
import { isWorseLive, wilson } from './live-check.ts'

test('a version is worse only beyond chance', () => {
  const before = { labelled: 600, correct: 510 }
  expect(isWorseLive({ before, live: { labelled: 600, correct: 500 } })).toBe(false)
  expect(isWorseLive({ before, live: { labelled: 600, correct: 420 } })).toBe(true)
  expect(isWorseLive({ before, live: { labelled: 100, correct: 10 } })).toBe(false)
})

test('the interval holds the share, and narrows with labels', () => {
  const few = wilson({ labelled: 100, correct: 80 })
  const many = wilson({ labelled: 10_000, correct: 8000 })
  expect(few.low).toBeLessThan(0.8)
  expect(few.high).toBeGreaterThan(0.8)
  expect(many.high - many.low).toBeLessThan((few.high - few.low) / 5)
})
