import { expect, test } from 'vitest'
import { nearest, oneOf } from './suggest.ts'

const models = ['resnet50', 'resnet101', 'resnet50-cifar', 'bert-base', 'vgg16']

test('the nearest name is the one with the fewest edits, swaps of neighbours counted once', () => {
  expect(nearest(models, 'resnet05')).toBe('resnet50')
  expect(nearest(models, 'vgg61')).toBe('vgg16')
  expect(nearest(models, 'BERT-BASE')).toBe('bert-base')
})

test('among names equally near it is the one that begins alike', () => {
  expect(nearest(['1g.20gb', '3g.40gb'], '3g.20gb')).toBe('3g.40gb')
  expect(nearest(models, 'resnet50-cifra')).toBe('resnet50-cifar')
})

test('a name that is far from all is no slip, and nothing is suggested', () => {
  expect(nearest(models, 'gpt-5')).toBeNull()
  expect(nearest(models, '')).toBeNull()
  expect(nearest([], 'a')).toBeNull()
})

test('a message lists twelve names and says how many more there are', () => {
  const names = Array.from({ length: 14 }, (_, i) => `model-${i}`)
  expect(oneOf(names, 'xyz')).toMatch(/^one of model-0, .*, model-11 and 2 more$/)
  expect(oneOf(models, 'vgg')).toMatch(/; did you mean vgg16$/)
  expect(oneOf(['only'], 'onl')).toBe('only')
})
