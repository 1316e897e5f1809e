import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineSplitter } from './line-splitter.ts'

test('lines are the same however their bytes are cut into pieces', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 })
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.nat(40)), (parts, cuts) => {
      const whole = `${parts.map((part) => part.replaceAll('\n', '')).join('\n')}\n`
      const bytes = Buffer.from(whole)
      const lines: string[] = []
      const splitter = lineSplitter(1000, (line) => lines.push(line))
      let from = 0
      for (const length of cuts) {
        // The buffer is used again, as a reader of files does.
        const piece = Buffer.from(bytes.subarray(from, from + length))
        splitter.push(piece)
        piece.fill(0)
        from += length
      }
      splitter.push(bytes.subarray(from))
      expect(lines).toEqual(whole.slice(0, -1).split('\n'))
    }),
  )
})

test('a line over the limit is dropped whole, in whatever pieces, and the next is heard', () => {
  const lines: string[] = []
  const splitter = lineSplitter(5, (line) => lines.push(line))
  for (const piece of ['12345\n123', '45', '6', '789\nab', '\n']) splitter.push(Buffer.from(piece))
  expect(lines).toEqual(['12345', 'ab'])
  expect(splitter.dropped()).toBe(1)
})
