import { expect, test } from 'vitest'
import { pacedBatches } from './paced-batches.ts'

const pace = {
  readySeconds: 0,
  loadSeconds: 0,
  latencySeconds: [0, 0.04, 0.06, 0.08],
}

function recorded() {
  const executed: (readonly string[])[] = []
  const batches = pacedBatches<string>(pace, (requests) => {
    executed.push(requests)
  })
  return { executed, batches }
}

test('what comes at once is one batch, and no batch is larger than its pace knows', async () => {
  const { executed, batches } = recorded()
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => batches.submit(name, 1)))
  expect(executed).toEqual([['a', 'b', 'c'], ['d']])
})

test('a batch takes its time, and the next one begins after it', async () => {
  const { batches } = recorded()
  const fromMs = performance.now()
  await batches.submit('a', 2)
  expect(performance.now() - fromMs).toBeGreaterThanOrEqual(60)
  await batches.submit('b', 1)
  // A timer that was late gives the next batch up to three milliseconds back.
  expect(performance.now() - fromMs).toBeGreaterThanOrEqual(60 + 40 - 3)
})

test('requests of several items keep their order and stay whole', async () => {
  const { executed, batches } = recorded()
  const sizes = [2, 2, 1, 7] as const
  await Promise.all(sizes.map((items, i) => batches.submit(`${i}`, items)))
  expect(executed).toEqual([['0'], ['1', '2'], ['3']])
})

test('what cannot be executed is told to those who asked, and the rest goes on', async () => {
  const batches = pacedBatches<string>(pace, (requests) => {
    if (requests.includes('bad')) throw new Error('no')
  })
  await expect(batches.submit('bad', 1)).rejects.toThrow('no')
  await batches.submit('good', 1)
})

test('what arrives late still belongs to its batch, whose time counts from the first', async () => {
  const { executed, batches } = recorded()
  const fromMs = performance.now()
  const first = batches.submit('a', 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await Promise.all([first, batches.submit('b', 1)])
  expect(executed).toEqual([['a', 'b']])
  expect(performance.now() - fromMs).toBeGreaterThanOrEqual(60)
})

test('a stream of requests gets no more through than the largest batches would', async () => {
  const { executed, batches } = recorded()
  const fromMs = performance.now()
  const answers: Promise<void>[] = []
  for (let i = 0; i < 12; i += 1) {
    answers.push(batches.submit(`${i}`, 1))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(answers)
  expect(executed.every((batch) => batch.length <= 3)).toBe(true)
  // Four batches of three take 80 ms each, less what late timers give back.
  expect(performance.now() - fromMs).toBeGreaterThanOrEqual(4 * 80 - 3 * 3)
})
