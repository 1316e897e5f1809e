import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Tensor } from './protocol.ts'
import {
  readInferRequest,
  readInferResponse,
  readJson,
  readModelMetadata,
  readServerMetadata,
} from './read-message.ts'
import { flatValues } from './tensor-values.ts'

const tensor: Tensor = { name: 'x', shape: [2, 2], datatype: 'FP32', data: [1, 2, 3, 4] }
const requestWith = (changes: object) => ({ inputs: [{ ...tensor, ...changes }] })

describe('a message of the protocol', () => {
  test('is taken with flat or with nested data', () => {
    expect(readInferRequest({ inputs: [tensor] }).kind).toBe('valid')
    const nested = requestWith({
      data: [
        [1, 2],
        [3, 4],
      ],
    })
    expect(readInferRequest(nested).kind).toBe('valid')
  })

  test.each([
    ['no inputs', { inputs: [] }, /inputs/],
    ['data of another size', requestWith({ data: [1, 2, 3] }), /holds 4 values, the data 3/],
    ['an unknown datatype', requestWith({ datatype: 'FP8' }), /datatype/],
    ['a negative dimension', requestWith({ shape: [-1, 2] }), /shape/],
    ['text among numbers', requestWith({ data: [1, 2, 'x', 4] }), /value 2 is no FP32: "x"/],
    ['a hole', requestWith({ data: [1, 2, null, 4] }), /value 2 is no FP32: null/],
    ['a fraction as INT8', requestWith({ datatype: 'INT8', data: [1, 2, 3, 0.5] }), /no INT8/],
    ['a number out of range', requestWith({ datatype: 'UINT8', data: [1, 2, 3, 256] }), /UINT8/],
    ['a list', [], /object/],
    ['nothing', null, /object/],
  ])('with %s is refused, and the reason named', (_, value, reason) => {
    const read = readInferRequest(value)
    expect(read.kind === 'invalid' ? read.reason : 'valid').toMatch(reason)
  })

  test('nested a hundred thousand deep is refused, not a crash', () => {
    let data: unknown = 1
    for (let i = 0; i < 100_000; i += 1) data = [data]
    const read = readInferRequest(requestWith({ data, shape: [2, 1] }))
    expect(read.kind).toBe('invalid')
  })

  test('of any content is an answer, not an exception', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const json = readJson(text)
        const value = json.kind === 'valid' ? json.value : null
        for (const read of [readInferRequest, readInferResponse, readModelMetadata]) {
          expect(['valid', 'invalid']).toContain(read(value).kind)
        }
        expect(readServerMetadata(value).kind).toBe('invalid')
      }),
      { numRuns: 50 },
    )
  })
})

test('values come out in row-major order, however they are nested', () => {
  expect(
    flatValues([
      [1, 2],
      [[3], 4],
    ]),
  ).toEqual([1, 2, 3, 4])
  expect(flatValues([])).toEqual([])
  expect(flatValues([[], [[]]])).toEqual([])
})
