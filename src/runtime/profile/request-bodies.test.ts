import { expect, test } from 'vitest'
import type { InferRequest, ModelMetadata } from '../open-inference/protocol.ts'
import { readInferRequest } from '../open-inference/read-message.ts'
import { type RequestMakerResult, requestsByMetadata, requestsLike } from './request-bodies.ts'

const metadata: ModelMetadata = {
  name: 'ranker',
  platform: 'any',
  inputs: [
    { name: 'features', datatype: 'FP32', shape: [-1, 3] },
    { name: 'words', datatype: 'BYTES', shape: [-1, -1] },
    { name: 'ids', datatype: 'UINT8', shape: [-1, 2] },
  ],
  outputs: [],
}

/** The shapes of a batch's requests, each of which must be one of the protocol. */
function shapes(result: RequestMakerResult, items: number): readonly string[] {
  if (result.kind !== 'maker') throw new Error(result.reason)
  return result.maker.batchOf(items).map((body) => {
    const read = readInferRequest(JSON.parse(body.toString()))
    if (read.kind === 'invalid') throw new Error(read.reason)
    return read.value.inputs.map(({ shape }) => shape.join('x')).join(' ')
  })
}

test('made-up requests have the shapes of the metadata and the size of the tenant', () => {
  const made = requestsByMetadata(metadata, 4)
  expect(shapes(made, 8)).toEqual(['4x3 4x1 4x2', '4x3 4x1 4x2'])
})

test('a batch that does not come out even ends with a smaller request', () => {
  const made = requestsByMetadata(metadata, 4)
  expect(shapes(made, 6)).toEqual(['4x3 4x1 4x2', '2x3 2x1 2x2'])
  expect(shapes(made, 3)).toEqual(['3x3 3x1 3x2'])
})

test('a model without a batch dimension gets one request for each item', () => {
  const fixed = { ...metadata, inputs: [{ name: 'x', datatype: 'FP64', shape: [1, 2] } as const] }
  expect(shapes(requestsByMetadata(fixed, 4), 3)).toEqual(['1x2', '1x2', '1x2'])
})

test('a given request is repeated to the size that is asked for, its values in order', () => {
  const sample: InferRequest = {
    inputs: [{ name: 'x', datatype: 'INT64', shape: [2, 2], data: [1, 2, [3, 4]] }],
    parameters: { beams: 4 },
  }
  const made = requestsLike(sample, 3)
  expect(shapes(made, 3)).toEqual(['3x2'])
  const [body] = made.kind === 'maker' ? made.maker.batchOf(3) : []
  expect(JSON.parse(String(body))).toMatchObject({
    inputs: [{ data: [1, 2, 3, 4, 1, 2] }],
    parameters: { beams: 4 },
  })
})

test('a given request whose inputs differ in items is refused', () => {
  const input = { name: 'x', datatype: 'INT64', data: [1, 2] } as const
  const sample = {
    inputs: [
      { ...input, shape: [2] },
      { ...input, shape: [1, 2] },
    ],
  }
  expect(requestsLike(sample, 1)).toMatchObject({ kind: 'unusable' })
  expect(requestsByMetadata({ ...metadata, inputs: [] }, 1)).toMatchObject({ kind: 'unusable' })
})
