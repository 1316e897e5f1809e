import { expect, test } from 'vitest'
import { wrappedLines } from './wrapped-lines.ts'

test('lines are broken at spaces, and no word is', () => {
  expect(wrappedLines('one two three four', 9)).toEqual(['one two', 'three', 'four'])
  expect(wrappedLines('extraordinarily so', 4)).toEqual(['extraordinarily', 'so'])
})

test('a text that fits is left alone', () => {
  expect(wrappedLines('as it is', 8)).toEqual(['as it is'])
  expect(wrappedLines('', 8)).toEqual([''])
  expect(wrappedLines('as long as you like', Number.POSITIVE_INFINITY)).toHaveLength(1)
})
