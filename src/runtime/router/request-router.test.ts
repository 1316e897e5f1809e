import { afterEach, describe, expect, test } from 'vitest'
import { endWorkers, startWorker } from '../../../test/router/fake-worker.ts'
import { call, endRouters, infer, question, startRouter } from '../../../test/router/routed.ts'

afterEach(async () => {
  await endRouters()
  await endWorkers()
})

describe('an inference', () => {
  test('goes to a worker as it came and comes back with an id and its version', async () => {
    const worker = await startWorker()
    const { url, add, tenant } = await startRouter()
    add(worker)
    const answer = await infer(url)
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text).outputs[0].data).toEqual([worker.port])
    expect(answer.headers['migrator-request-id']).toMatch(/^[\w-]{22}$/)
    expect(answer.headers['migrator-model-version']).toBe('v1')
    expect(worker.requests[0]).toMatchObject({ path: '/v2/models/a/infer' })
    expect(worker.requests[0]?.body.toString()).toBe(question)
    expect(worker.requests[0]?.headers['content-type']).toBe('application/json')
    expect(tenant().counts).toMatchObject({ arrived: 1, inTime: 1, failed: 0 })
  })

  test('connections to workers are used again', async () => {
    const worker = await startWorker()
    const { url, add } = await startRouter()
    add(worker)
    for (let i = 0; i < 5; i += 1) await infer(url)
    expect(worker.connections()).toBe(1)
  })
})

describe('the node', () => {
  test('says that it lives, what it is and whether all its models are ready', async () => {
    const { url, add } = await startRouter()
    expect((await call(url, '/v2/health/live')).status).toBe(200)
    expect((await call(url, '/v2/health/ready')).status).toBe(503)
    expect((await call(url, '/v2/models/a/ready')).status).toBe(503)
    expect(JSON.parse((await call(url, '/v2')).text)).toMatchObject({ name: 'migrator' })
    add(await startWorker())
    expect((await call(url, '/v2/health/ready')).status).toBe(200)
    expect((await call(url, '/v2/models/a/ready')).status).toBe(200)
  })
})

describe('a model', () => {
  test('is described as by its worker, under its own name and the versions served', async () => {
    const { url, add } = await startRouter()
    expect((await call(url, '/v2/models/a')).status).toBe(503)
    add(await startWorker(), { version: 'v3' })
    const { status, text } = await call(url, '/v2/models/a')
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({
      name: 'a',
      versions: ['v3'],
      platform: 'test',
      inputs: [{ name: 'x' }],
    })
  })

  test('whose worker dies meanwhile is unavailable for now', async () => {
    const { url, add } = await startRouter()
    const worker = await startWorker()
    add(worker)
    await worker.die()
    expect((await call(url, '/v2/models/a')).status).toBe(503)
  })
})
