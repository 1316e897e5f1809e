import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../../../test/literal-site.ts'
import { must } from '../../../base/assert.ts'
import { resolveSite } from '../../../config/resolve-site.ts'
import type { Daemon, DaemonEvent } from '../daemon.ts'
import type { TrafficLog } from '../traffic-log.ts'
import { controlApi } from './control-api.ts'
import { ControlApiRefused, isLoopback, type ServedApi, serveApi } from './serve-api.ts'

const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })
const open: ServedApi[] = []
afterEach(async () => {
  for (const api of open.splice(0)) await api.close()
})

/** A fake of a daemon: it tells events, and notes what it is asked for. */
function fakeDaemon() {
  const listeners = new Set<(event: DaemonEvent) => void>()
  let plansAsked = 0
  return {
    listeners,
    plansAsked: () => plansAsked,
    tell: (windowIndex: number) => {
      for (const listener of [...listeners]) listener({ kind: 'window', atSeconds: 0, windowIndex })
    },
    daemon: {
      nowSeconds: 1,
      desk: { records: [] },
      askForPlan: () => {
        plansAsked += 1
      },
      listen: (listener: (event: DaemonEvent) => void) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    } as unknown as Daemon,
  }
}

async function served(options: { readonly token?: string | null; readonly readsFreely?: boolean }) {
  const { token = 'secret', readsFreely = true } = options
  const fake = fakeDaemon()
  const { daemon } = fake
  const traffic = {} as TrafficLog
  const reload = async () => 'line 3: no such key'
  const app = controlApi({ site, daemon, traffic, token, readsFreely, reload })
  const api = await serveApi(app, { host: '127.0.0.1', port: 0 }, token)
  open.push(api)
  const ask = async (path: string, method = 'GET', given?: string) => {
    const headers = given === undefined ? {} : { authorization: given }
    const answer = await fetch(new URL(path, api.url), { method, headers })
    return { status: answer.status, body: (await answer.json()) as unknown }
  }
  return { ...fake, url: new URL(api.url), ask }
}

describe('who may do what', () => {
  test('a change needs the token, told as it should be', async () => {
    const { ask, plansAsked } = await served({})
    for (const given of [undefined, 'Bearer wrong', 'secret', 'Basic secret', 'Bearer ']) {
      expect((await ask('/v1/replan', 'POST', given)).status, given).toBe(401)
      expect((await ask('/v1/reload', 'POST', given)).status, given).toBe(401)
    }
    expect(plansAsked()).toBe(0)
    expect((await ask('/v1/replan', 'POST', 'Bearer secret')).status).toBe(202)
    expect(plansAsked()).toBe(1)
  })

  test('without a token nothing can be changed at all', async () => {
    const { ask, plansAsked } = await served({ token: null })
    expect((await ask('/v1/replan', 'POST', 'Bearer null')).status).toBe(403)
    expect(plansAsked()).toBe(0)
    expect((await ask('/v1/plans')).status).toBe(200)
  })

  test('beyond loopback reading needs the token too', async () => {
    const { ask } = await served({ readsFreely: false })
    expect((await ask('/v1/plans')).status).toBe(401)
    expect((await ask('/v1/events')).status).toBe(401)
    expect((await ask('/v1/plans', 'GET', 'Bearer secret')).status).toBe(200)
    expect((await ask('/healthz')).status).toBe(200)
  })

  test('beyond loopback nothing is served without a token', async () => {
    const api = controlApi({
      ...{ site, daemon: fakeDaemon().daemon, traffic: {} as TrafficLog, token: null },
      ...{ readsFreely: false, reload: async () => null },
    })
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'node.example']) {
      expect(isLoopback(host)).toBe(false)
      await expect(serveApi(api, { host, port: 0 }, null)).rejects.toThrow(ControlApiRefused)
    }
  })

  test('a site file that is refused says why', async () => {
    const { ask } = await served({})
    const answer = await ask('/v1/reload', 'POST', 'Bearer secret')
    expect(answer).toEqual({ status: 422, body: { error: 'line 3: no such key' } })
  })
})

describe('events', () => {
  /** Window indices that a client hears of, until it has so many. */
  async function hear(url: URL, count: number): Promise<readonly number[]> {
    const answer = await fetch(new URL('/v1/events', url))
    let text = ''
    const found = (): readonly number[] =>
      [...text.matchAll(/"windowIndex":(\d+)}\n\n/g)].map(([, index]) => Number(index))
    for await (const chunk of must(answer.body)) {
      text += Buffer.from(chunk).toString()
      if (found().length >= count) break
    }
    expect(text).toContain('event: window')
    return found()
  }

  async function until(holds: () => boolean): Promise<void> {
    for (let left = 1000; left > 0 && !holds(); left -= 1) await wait(10)
    expect(holds()).toBe(true)
  }

  test('each reader has all from when it came, in order', async () => {
    const { url, listeners, tell } = await served({})
    const first = hear(url, 600)
    await until(() => listeners.size === 1)
    for (let i = 0; i < 300; i += 1) tell(i)
    const late = hear(url, 300)
    await until(() => listeners.size === 2)
    for (let i = 300; i < 600; i += 1) tell(i)
    expect(await first).toEqual(Array.from({ length: 600 }, (_, i) => i))
    expect(await late).toEqual(Array.from({ length: 300 }, (_, i) => 300 + i))
    await until(() => listeners.size === 0)
  })

  test('a reader that does not read is cut off, and costs nothing afterwards', async () => {
    const { url, listeners, tell } = await served({})
    const socket = connect(Number(url.port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`GET /v1/events HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`)
    socket.pause()
    await until(() => listeners.size === 1)
    // More than what the kernel takes on its behalf.
    for (let i = 0; i < 400_000 && listeners.size > 0; i += 1) {
      tell(i)
      if (i % 200 === 0) await wait(0)
    }
    expect(listeners.size).toBe(0)
    socket.resume()
    await once(socket, 'close')
    const other = hear(url, 1)
    await until(() => listeners.size === 1)
    tell(7)
    expect(await other).toEqual([7])
  })

  test('a reader that goes is forgotten', async () => {
    const { url, listeners } = await served({})
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.write(`GET /v1/events HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`)
    await until(() => listeners.size === 1)
    socket.destroy()
    await until(() => listeners.size === 0)
  })
})
