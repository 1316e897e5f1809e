import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTrainingLine } from './training-line.ts'

test('a line of progress may leave out what the trainer does not know', () => {
  expect(readTrainingLine('{"epoch":1,"fraction":0.5}')).toEqual({
    kind: 'progress',
    progress: { epoch: 1, fraction: 0.5, loss: null, accuracy: null, secondsLeft: null },
  })
  const whole = '{"epoch":2,"loss":0.5,"accuracy":0.8,"secondsLeft":12.5,"fraction":0.4,"more":[]}'
  expect(readTrainingLine(whole)).toMatchObject({ progress: { loss: 0.5, secondsLeft: 12.5 } })
})

test.each([
  ['Epoch 1/3: 100%', 'chatter'],
  ['', 'chatter'],
  ['{"epoch":1', 'garbled'],
  ['{"epoch":1}', 'garbled'],
  ['{"epoch":1,"fraction":1.2}', 'garbled'],
  ['{"epoch":1,"fraction":NaN}', 'garbled'],
  ['{"done":true,"version":"v1"}', 'done'],
  ['{"done":false,"version":"v1"}', 'garbled'],
  ['{"done":true}', 'garbled'],
  ['{"done":true,"version":"../v1"}', 'garbled'],
  ['{"done":true,"version":"a/b"}', 'garbled'],
  ['{"done":true,"version":".."}', 'garbled'],
  ['{"done":true,"version":""}', 'garbled'],
])('%s is %s', (line, kind) => {
  expect(readTrainingLine(line).kind).toBe(kind)
})

test('whatever is printed has a meaning or none, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      expect(['chatter', 'garbled']).toContain(readTrainingLine(line).kind)
    }),
  )
})
