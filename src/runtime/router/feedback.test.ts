import { afterEach, describe, expect, test } from 'vitest'
import { answerWith, endWorkers, startWorker } from '../../../test/router/fake-worker.ts'
import {
  type Answer,
  call,
  endRouters,
  infer,
  question,
  startRouter,
} from '../../../test/router/routed.ts'
import { AnsweredRequests } from './answered-requests.ts'
import { judgeAnswer } from './judge-answer.ts'

afterEach(async () => {
  await endRouters()
  await endWorkers()
})

const feedback = (url: string, body: unknown, model = 'a') =>
  call(url, `/v2/models/${model}/feedback`, {
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const idOf = ({ headers }: Answer) => headers['migrator-request-id'] as string

async function answering(data: readonly unknown[]) {
  const worker = await startWorker({ answer: (_r, response) => answerWith(response, data) })
  const routed = await startRouter()
  routed.add(worker, { version: 'v7' })
  return routed
}

describe('feedback', () => {
  test('with a label is compared with the answer and told with what was asked', async () => {
    const { url, heard } = await answering([3])
    const id = idOf(await infer(url))
    expect(await feedback(url, { id, label: 3 })).toMatchObject({ status: 200 })
    expect(await heard('feedback')).toMatchObject({
      tenant: 'a',
      serverId: 's1',
      requestId: id,
      version: 'v7',
      items: 1,
      correctItems: 1,
      label: 3,
      inputs: question,
    })
  })

  test('may be a verdict alone', async () => {
    const { url, heard } = await answering([3])
    await feedback(url, { id: idOf(await infer(url)), correct: false })
    expect(await heard('feedback')).toMatchObject({ items: 1, correctItems: 0, label: null })
  })

  test('is taken once', async () => {
    const { url, events } = await answering([3])
    const id = idOf(await infer(url))
    const texts = [await feedback(url, { id, label: 3 }), await feedback(url, { id, label: 4 })]
    expect(texts.map(({ text }) => JSON.parse(text).status)).toEqual(['taken', 'duplicate'])
    expect(events.filter(({ kind }) => kind === 'feedback').length).toBe(1)
  })

  test('for an id that the router never gave is 404, whatever a client calls it', async () => {
    const { url } = await answering([3])
    const headers = { 'migrator-request-id': 'mine', 'x-request-id': 'mine' }
    const answer = await call(url, '/v2/models/a/infer', { body: question, headers })
    expect(idOf(answer)).not.toBe('mine')
    expect((await feedback(url, { id: 'mine', label: 3 })).status).toBe(404)
  })

  test.each([
    ['no JSON', 'x', 400],
    ['no id', '{"label":1}', 400],
    ['neither label nor verdict', '{"id":"x"}', 400],
    ['more than there is', '{"id":"x","label":1,"admin":true}', 400],
    ['too much', `{"id":"${'x'.repeat(70_000)}","label":1}`, 413],
  ])('that is %s is refused', async (_, body, status) => {
    const { url } = await answering([3])
    expect((await feedback(url, body)).status).toBe(status)
  })

  test('that cannot be compared is refused and may come again', async () => {
    const { url } = await answering([3])
    const id = idOf(await infer(url))
    expect((await feedback(url, { id, label: [1, 2] })).status).toBe(422)
    expect((await feedback(url, { id, label: 3 })).status).toBe(200)
  })
})

const output = (data: unknown, shape: readonly number[] = []) =>
  Buffer.from(JSON.stringify({ outputs: [{ name: 'y', datatype: 'FP32', shape, data }] }))

test.each([
  ['a value', [5], 5, 1, 1],
  ['another value', [5], 6, 1, 0],
  ['words', ['cat'], 'cat', 1, 1],
  ['one value an item', [1, 2, 3], [1, 9, 3], 3, 2],
  ['scores of one item', [0.1, 0.7, 0.2], 1, 1, 1],
  ['scores of two items', [0.9, 0.1, 0.2, 0.8], [0, 0], 2, 1],
  [
    'nested scores',
    [
      [0.9, 0.1],
      [0.2, 0.8],
    ],
    [0, 1],
    2,
    2,
  ],
])('a label of %s is judged', (_, data, label, items, correctItems) => {
  expect(judgeAnswer(output(data), label)).toEqual({ kind: 'judged', items, correctItems })
})

test.each([
  ['an answer that was not kept', null, 1],
  ['an answer without outputs', Buffer.from('{}'), 1],
  ['an answer that is no JSON', Buffer.from('\0'), 1],
  ['a label that is an object', output([1]), { a: 1 }],
  ['no label values', output([1]), []],
  ['words against scores', output([0.1, 0.9]), 'cat'],
])('%s is not judged', (_, answer, label) => {
  expect(judgeAnswer(answer, label)).toMatchObject({ kind: 'incomparable' })
})

test('answers are remembered in bounded memory, the newest longest', () => {
  const answered = new AnsweredRequests(2)
  const body = Buffer.alloc(10_000)
  for (let i = 0; i < 1000; i += 1) {
    body.writeInt32LE(i)
    const own = { requestId: `r${i}`, serverId: 's', version: 'v', arrivedAtSeconds: i }
    answered.add(own, body, body)
  }
  expect(answered.size * 20_512).toBeLessThanOrEqual(2 * 2 ** 20)
  expect(answered.size).toBeGreaterThan(50)
  expect(answered.find('r0')).toBe(null)
  const last = answered.find('r999')
  expect([last?.request?.readInt32LE(), last?.answer?.readInt32LE()]).toEqual([999, 999])
  answered.setMemory(1)
  expect(answered.size).toBeLessThanOrEqual(51)
})
