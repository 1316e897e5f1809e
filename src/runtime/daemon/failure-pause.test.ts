import { expect, test } from 'vitest'
import { FailurePause } from './failure-pause.ts'

test('the first failure costs no time, further ones ever more, old ones nothing', () => {
  const pause = new FailurePause()
  const pauses = Array.from({ length: 9 }, (_, i) => pause.note('vision', i))
  expect(pauses).toEqual([0, 0.5, 1, 2, 4, 8, 16, 30, 30])
  expect(pause.note('language', 9)).toBe(0)
  expect(pause.count('vision', 9)).toBe(9)
  expect(pause.note('vision', 500)).toBe(0)
})
