import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import {
  answerWith,
  endWorkers,
  type FakeWorker,
  startWorker,
} from '../../../test/router/fake-worker.ts'
import {
  type Answer,
  call,
  endRouters,
  infer,
  pause,
  type Routed,
  startRouter,
} from '../../../test/router/routed.ts'

afterEach(async () => {
  await endRouters()
  await endWorkers()
})

const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status)

/** Asks without pause, several at a time, until it is stopped. */
function load(url: string, clients = 8): { readonly stop: () => Promise<readonly Answer[]> } {
  const answers: Answer[] = []
  let isOver = false
  const one = async () => {
    while (!isOver) answers.push(await infer(url))
  }
  const running = Array.from({ length: clients }, one)
  return {
    stop: async () => {
      isOver = true
      await Promise.all(running)
      return answers
    },
  }
}

const inFlightAt = ({ router }: Routed, serverId: string) =>
  router.state().servers.find(({ settings }) => settings.serverId === serverId)?.inFlight ?? 0

describe('a batch', () => {
  test('is sent as separate requests at once, as many as the server takes', async () => {
    const asked: (() => void)[] = []
    const worker = await startWorker({
      answer: (_request, response) => asked.push(() => answerWith(response, [1])),
    })
    const { url, add, tenant, events } = await startRouter({ sloSeconds: 30 })
    add(worker, { itemsMax: 3, secondsEach: 0.06 })
    const until = async (holds: () => boolean) => {
      while (!holds()) await pause(2)
    }
    const first = infer(url)
    await until(() => asked.length === 1)
    const rest = Array.from({ length: 5 }, () => infer(url))
    await until(() => tenant().queued === 5)
    for (const size of [1, 3, 2]) {
      await until(() => asked.length === size)
      for (const answer of asked.splice(0)) answer()
    }
    expect(statuses(await Promise.all([first, ...rest]))).toEqual([200, 200, 200, 200, 200, 200])
    const sizes = () => events.flatMap((event) => (event.kind === 'batch-times' ? event.sizes : []))
    await until(() => sizes().length === 3)
    expect(sizes().map(({ items, batches }) => [items, batches])).toEqual([
      [1, 1],
      [3, 1],
      [2, 1],
    ])
    expect(sizes()[1]).toMatchObject({ estimatedSeconds: 0.06 })
    expect(sizes()[1]?.seconds).toBeGreaterThan(0)
  })
})

describe('a full queue', () => {
  test('refuses with 503 and says when to come again', async () => {
    const { url, tenant } = await startRouter({ queueRequestsMax: 2, sloSeconds: 0.4 })
    const answers = await Promise.all(Array.from({ length: 5 }, () => infer(url)))
    expect(statuses(answers)).toEqual([503, 503, 503, 503, 503])
    expect(answers.every(({ headers }) => Number(headers['retry-after']) >= 1)).toBe(true)
    expect(tenant().counts).toMatchObject({ arrived: 5, shed: 5, refused: 3 })
    expect(tenant().held).toBe(0)
  })

  test('what can no longer make its deadline is shed when that is known, not later', async () => {
    const worker = await startWorker({ delayMs: 400 })
    const { url, add, tenant } = await startRouter({ sloSeconds: 0.5 })
    add(worker, { itemsMax: 1, secondsEach: 0.4 })
    const first = infer(url)
    await pause(30)
    const started = performance.now()
    const second = await infer(url)
    expect(second.status).toBe(503)
    // It could have waited 100 ms at most.
    expect(performance.now() - started).toBeLessThan(350)
    expect((await first).status).toBe(200)
    expect(tenant().counts).toMatchObject({ inTime: 1, shed: 1 })
  })
})

describe('a worker that fails', () => {
  test('by dying in the middle of a request: another answers it, counted apart', async () => {
    const victim = await startWorker({
      answer: (_, response, socket) => {
        response.writeHead(200, { 'content-length': '50' }).write('{"outputs":')
        setTimeout(() => socket.resetAndDestroy(), 10)
        void victim.die()
      },
    })
    const routed = await startRouter()
    const { url, add, tenant, heard } = routed
    const serverId = add(victim, { secondsEach: 0.001 })
    const other = await startWorker()
    add(other)
    const answer = await infer(url)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text).outputs[0].data).toEqual([other.port])
    expect(tenant().counts).toMatchObject({ arrived: 1, inTime: 1, retried: 1, failed: 0 })
    expect(await heard('server-failed')).toMatchObject({ serverId, isPaused: true })
    expect(routed.router.state().servers[0]?.mode).toBe('failed')
  })

  test('by refusing connections: another answers', async () => {
    const gone = await startWorker()
    await gone.die()
    const { url, add, tenant } = await startRouter()
    add(gone, { secondsEach: 0.001 })
    add(await startWorker())
    expect((await infer(url)).status).toBe(200)
    expect(tenant().counts).toMatchObject({ retried: 1, failed: 0 })
  })

  test('twice with the same request: that request has failed, 502', async () => {
    const poisoned = () =>
      startWorker({ answer: (_request, _response, socket) => socket.resetAndDestroy() })
    const { url, add, tenant } = await startRouter()
    add(await poisoned())
    add(await poisoned())
    expect((await infer(url)).status).toBe(502)
    expect(tenant().counts).toMatchObject({ arrived: 1, retried: 1, failed: 1 })
  })

  test('and comes back is used again, and that is told', async () => {
    const worker = await startWorker()
    const { url, add, heard } = await startRouter({ sloSeconds: 10 })
    add(worker)
    expect((await infer(url)).status).toBe(200)
    await worker.die()
    const answer = infer(url)
    await heard('server-failed')
    await startWorker({ port: worker.port })
    expect((await answer).status).toBe(200)
    await heard('server-recovered')
  })

  test('only by closing an idle connection is no failure', async () => {
    const worker = await startWorker({
      answer: (request, response, socket) => {
        if (worker.requests.length === 2 && request.path !== '') socket.destroy()
        else answerWith(response, [1])
      },
    })
    const { url, add, tenant, events } = await startRouter()
    add(worker)
    await infer(url)
    expect((await infer(url)).status).toBe(200)
    expect(tenant().counts).toMatchObject({ inTime: 2, retried: 1 })
    expect(events.filter(({ kind }) => kind === 'server-failed')).toEqual([])
  })

  test.each([
    ['a server error', 500, '{"error":"out of memory"}'],
    ['a model it does not know', 404, '{"error":"unknown model"}'],
    ['what is no JSON', 200, '<html>'],
    ['half of a JSON object', 200, '{"outputs":['],
  ])('by answering %s: 502, no second attempt', async (_, status, body) => {
    const worker = await startWorker({
      answer: (_request, response) => response.writeHead(status).end(body),
    })
    const { url, add, tenant } = await startRouter()
    add(worker)
    expect((await infer(url)).status).toBe(502)
    expect(worker.requests.length).toBe(1)
    expect(tenant().counts).toMatchObject({ failed: 1, retried: 0 })
    expect(tenant().byVersion).toEqual({ v1: { inTime: 0, late: 0, failed: 1 } })
  })

  test.each([
    ['no HTTP', 'garbage\n\n\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}'],
    ['a second answer', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n'],
  ])('by sending %s: 502', async (_, bytes) => {
    const worker = await startWorker({ answer: (_r, _s, socket) => socket.write(bytes) })
    const { url, add, tenant } = await startRouter()
    add(worker)
    expect((await infer(url)).status).toBe(502)
    expect(tenant().counts).toMatchObject({ failed: 1, retried: 0 })
  })

  test('by answering nonsense again and again is kept from work while another serves', async () => {
    const bad = await startWorker({ answer: (_r, response) => response.writeHead(500).end() })
    const routed = await startRouter()
    routed.add(bad, { secondsEach: 0.001 })
    routed.add(await startWorker())
    const answers: Answer[] = []
    for (let i = 0; i < 5; i += 1) answers.push(await infer(routed.url))
    expect(statuses(answers)).toEqual([502, 502, 502, 502, 502])
    expect(await routed.heard('server-failed')).toMatchObject({
      reason: 'error-answers',
      isPaused: true,
    })
  })

  test('by hanging: 504, and it gets no more until its health check answers', async () => {
    let isHung = true
    const worker = await startWorker({
      answer: (_request, response) => {
        if (!isHung) answerWith(response, [1])
      },
      health: () => (isHung ? 503 : 200),
    })
    const { url, add, tenant, heard } = await startRouter({ answerSecondsMax: 0.2, sloSeconds: 9 })
    add(worker)
    expect((await infer(url)).status).toBe(504)
    expect(tenant().counts).toMatchObject({ failed: 1 })
    const next = infer(url)
    await heard('server-failed')
    expect(worker.requests.length).toBe(1)
    isHung = false
    expect((await next).status).toBe(200)
  })

  test('what the worker finds wrong with a request is passed on, and is no failure', async () => {
    const body = '{"error":"shape [1] does not fit"}'
    const worker = await startWorker({
      answer: (_request, response) => response.writeHead(400).end(body),
    })
    const { url, add, tenant } = await startRouter()
    add(worker)
    expect(await infer(url)).toMatchObject({ status: 400, text: body })
    expect(tenant().counts).toMatchObject({ invalid: 1, failed: 0 })
  })
})

describe('a cut-over', () => {
  test('under load, back and forth, loses nothing', async () => {
    const routed = await startRouter()
    const { url, add, perform, tenant } = routed
    const workers: FakeWorker[] = []
    for (let i = 0; i < 12; i += 1) workers.push(await startWorker({ delayMs: i % 3 }))
    let serverId = add(workers[0] as FakeWorker, { serverId: 's0', version: 'v0' })
    const { stop } = load(url)
    for (let i = 1; i < workers.length; i += 1) {
      await pause(30)
      add(workers[i] as FakeWorker, { serverId: `s${i}`, version: `v${i}` })
      perform({ kind: 'drain-server', id: 1, serverId })
      while (inFlightAt(routed, serverId) > 0) await pause(1)
      perform({ kind: 'remove-server', id: 1, serverId })
      await (workers[i - 1] as FakeWorker).die()
      serverId = `s${i}`
    }
    const answers = await stop()
    expect(answers.length).toBeGreaterThan(workers.length)
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    const { counts, byVersion } = tenant()
    expect(counts).toMatchObject({ arrived: answers.length, failed: 0, shed: 0, retried: 0 })
    expect(Object.keys(byVersion).length).toBe(workers.length)
  })

  test('a drained server finishes what it has, and is then told to be drained', async () => {
    const routed = await startRouter()
    const serverId = routed.add(await startWorker({ delayMs: 100 }))
    const answer = infer(routed.url)
    await pause(30)
    routed.perform({ kind: 'drain-server', id: 1, serverId })
    expect(routed.events.some(({ kind }) => kind === 'drained')).toBe(false)
    expect((await answer).status).toBe(200)
    expect(await routed.heard('drained')).toMatchObject({ serverId, tenant: 'a' })
    expect(routed.router.state().servers[0]).toMatchObject({ mode: 'drained', inFlight: 0 })
  })

  test('a server that is taken away at once hands its requests to another', async () => {
    const slow = await startWorker({ delayMs: 2000 })
    const routed = await startRouter()
    const serverId = routed.add(slow, { secondsEach: 0.001 })
    routed.add(await startWorker())
    const answer = infer(routed.url)
    await pause(30)
    routed.perform({ kind: 'remove-server', id: 1, serverId })
    expect((await answer).status).toBe(200)
    expect(routed.tenant().counts).toMatchObject({ inTime: 1, retried: 1 })
  })

  test('a version loaded in place: paused, told so, renamed, and open again', async () => {
    const routed = await startRouter()
    const serverId = routed.add(await startWorker())
    routed.perform({ kind: 'pause-server', id: 1, serverId })
    await routed.heard('paused')
    const answer = infer(routed.url)
    await pause(20)
    routed.perform({ kind: 'set-version', id: 1, serverId, version: 'v2' })
    routed.perform({ kind: 'resume-server', id: 1, serverId })
    expect((await answer).headers['migrator-model-version']).toBe('v2')
    expect(routed.tenant().byVersion).toEqual({ v2: { inTime: 1, late: 0, failed: 0 } })
  })
})

describe('a client that leaves', () => {
  const leave = async (url: string) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const head = 'POST /v2/models/a/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}'
    await new Promise<void>((resolve) => socket.write(head, () => resolve()))
    await pause(40)
    socket.destroy()
  }

  test('while it waits gives its place back', async () => {
    const { url, tenant } = await startRouter({ queueRequestsMax: 1 })
    await leave(url)
    await pause(30)
    expect(tenant()).toMatchObject({ queued: 0, held: 0, counts: { arrived: 1, abandoned: 1 } })
  })

  test('while its request executes leaves the server to others once it is done', async () => {
    const worker = await startWorker({ delayMs: 150 })
    const { url, add, tenant } = await startRouter()
    add(worker, { itemsMax: 1, secondsEach: 0.15 })
    await leave(url)
    expect((await infer(url)).status).toBe(200)
    expect(tenant()).toMatchObject({ held: 0, counts: { arrived: 2, abandoned: 1, inTime: 1 } })
  })
})

describe('settings', () => {
  test('without a tenant: what waits is refused, and the model is unknown', async () => {
    const routed = await startRouter()
    const waiting = infer(routed.url)
    await pause(30)
    routed.perform({ kind: 'configure', id: 1, epoch: 'second', tenants: [] })
    expect((await waiting).status).toBe(503)
    expect((await infer(routed.url)).status).toBe(404)
    expect(routed.router.state()).toMatchObject({ epoch: 'second', tenants: [] })
  })

  test('answers later than the SLO are late, and given all the same', async () => {
    const { url, add, tenant } = await startRouter({ sloSeconds: 0.1 })
    add(await startWorker({ delayMs: 160 }), { secondsEach: 0.05 })
    expect((await infer(url)).status).toBe(200)
    expect(tenant().counts).toMatchObject({ late: 1, inTime: 0 })
  })
})

test('counts of each second add up to the totals', async () => {
  const { url, add, heard, tenant } = await startRouter()
  add(await startWorker())
  for (let i = 0; i < 7; i += 1) await infer(url)
  const { counts, byVersion, latency } = await heard('counts')
  expect(counts).toEqual(tenant().counts)
  expect(byVersion).toEqual({ v1: { inTime: 7, late: 0, failed: 0 } })
  expect(latency).toMatchObject({ count: 7 })
  expect((await call(url, '/v2/models/a')).status).toBe(200)
})
