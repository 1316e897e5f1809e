import { expect, test } from 'vitest'
import { labelledLine } from './labelled-request.ts'

test('a labelled request is one line, however its body was laid out', () => {
  const request = {
    inputs: [{ name: 'x', shape: [2, 1], datatype: 'FP32', data: [1, 2] }],
  } as const
  const facts = { label: [0, 1], version: 'v1', atSeconds: 2.5 }
  const line = labelledLine(JSON.stringify(request, null, 2), facts)
  expect(line.indexOf('\n')).toBe(line.length - 1)
  expect(JSON.parse(line)).toEqual({ request, ...facts })
})
