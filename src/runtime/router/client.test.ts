import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { built } from '../../../test/built.ts'
import { endWorkers, startWorker } from '../../../test/router/fake-worker.ts'
import { infer, pause, settingsOf } from '../../../test/router/routed.ts'
import type { RouterClient, TimedEvent } from './client.ts'
import type { RouterState, TenantSettings } from './protocol.ts'
import type { RouterError } from './router-error.ts'
import { routerFiles } from './router-files.ts'

type Client = typeof import('./client.ts')
type Start = typeof import('./start-router.ts')

let connectRouter: Client['connectRouter']
let stopRouter: Start['stopRouter']
beforeAll(async () => {
  connectRouter = (await built<Client>('runtime/router/client.js')).connectRouter
  stopRouter = (await built<Start>('runtime/router/start-router.js')).stopRouter
})

const directories: string[] = []
const clients: RouterClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const directory of directories.splice(0)) {
    await stopRouter(directory)
    rmSync(directory, { recursive: true })
  }
  await endWorkers()
})

function fresh(): string {
  const directory = mkdtempSync(join(tmpdir(), 'migrator-router-'))
  directories.push(directory)
  return directory
}

type Daemon = {
  readonly client: RouterClient
  readonly url: string
  readonly told: TimedEvent[]
  readonly states: RouterState[]
  readonly troubles: string[]
}

async function daemon(stateDir: string, wish: object = {}): Promise<Daemon> {
  const told: TimedEvent[] = []
  const states: RouterState[] = []
  const troubles: string[] = []
  const client = await connectRouter({
    stateDir,
    host: '127.0.0.1',
    port: 0,
    onEvent: (event) => told.push(event),
    onReconnected: (state) => states.push(state),
    onDisconnected: (message) => troubles.push(message),
    ...wish,
  })
  clients.push(client)
  const { port } = client.state.listen
  return { client, url: `http://127.0.0.1:${port}`, told, states, troubles }
}

const tenants = [{ tenant: 'a', sloSeconds: 2, queueRequestsMax: 100 }] as TenantSettings[]

async function serve({ client }: Daemon, server: ReturnType<typeof settingsOf>): Promise<void> {
  expect(await client.request({ kind: 'configure', epoch: 'e1', tenants })).toEqual({
    kind: 'done',
  })
  expect(await client.request({ kind: 'add-server', server })).toEqual({ kind: 'done' })
}

async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    await pause(10)
  }
}

describe('a router process', () => {
  test('outlives its daemon and is adopted by the next, with its state', async () => {
    const directory = fresh()
    const first = await daemon(directory)
    expect(first.client.wasAdopted).toBe(false)
    const server = settingsOf(await startWorker(), {})
    await serve(first, server)
    await infer(first.url)
    first.client.close()

    expect((await infer(first.url)).status).toBe(200)
    const second = await daemon(directory)
    expect(second.client).toMatchObject({ wasAdopted: true, pid: first.client.pid })
    const { state } = second.client
    expect(state).toMatchObject({ epoch: 'e1', instance: first.client.state.instance })
    expect(state.servers).toEqual([{ settings: server, mode: 'open', inFlight: 0 }])
    expect(state.tenants[0]?.counts).toMatchObject({ arrived: 2, inTime: 2 })
    expect((await infer(second.url)).status).toBe(200)
  })

  test('goes on while its daemon is killed, and tells the next what happened', async () => {
    const directory = fresh()
    const first = await daemon(directory)
    await serve(first, settingsOf(await startWorker(), {}))
    first.client.close()
    const script = `
      import { connect } from 'node:net'
      const socket = connect(process.argv[1], () => {
        socket.write('{"kind":"hello","protocol":1,"pid":' + process.pid + '}\\n')
        socket.once('data', () => console.log('welcome'))
      })`
    const { socket } = routerFiles(directory)
    const victim = spawn(process.execPath, ['--input-type=module', '-e', script, socket])
    await new Promise((resolve) => victim.stdout.once('data', resolve))
    const sent = Array.from({ length: 20 }, () => infer(first.url))
    victim.kill('SIGKILL')
    expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(sent.map(() => 200))
    const second = await daemon(directory)
    const counts = await until(
      () => second.told.find(({ event }) => event.kind === 'counts')?.event,
    )
    expect(counts).toMatchObject({ tenant: 'a', counts: { arrived: 20, inTime: 20 } })
  })

  test('that dies is replaced, and the daemon is told of a new instance', async () => {
    const directory = fresh()
    const { client, states, troubles } = await daemon(directory)
    process.kill(client.pid, 'SIGKILL')
    const state = await until(() => states[0])
    expect(state.instance).not.toBe(client.state.instance)
    expect(state).toMatchObject({ epoch: null, tenants: [] })
    expect(troubles[0]).toMatch(/^Cannot talk to the router/)
    expect(await client.request({ kind: 'state' })).toMatchObject({ kind: 'done' })
  })

  test('drains when it is told to shut down, and leaves nothing behind', async () => {
    const directory = fresh()
    const own = await daemon(directory)
    await serve(own, settingsOf(await startWorker({ delayMs: 200 }), { secondsEach: 0.2 }))
    const answer = infer(own.url)
    await pause(50)
    own.client.close()
    expect(await stopRouter(directory)).toBe(true)
    expect((await answer).status).toBe(200)
    await expect(infer(own.url)).rejects.toThrow('ECONNREFUSED')
    expect(() => readFileSync(routerFiles(directory).socket)).toThrow('ENOENT')
    expect(await stopRouter(directory)).toBe(false)
  })

  test('is found dead behind its files, and replaced', async () => {
    const directory = fresh()
    const first = await daemon(directory)
    first.client.close()
    process.kill(first.client.pid, 'SIGKILL')
    const second = await daemon(directory)
    expect(second.client.wasAdopted).toBe(false)
    expect(second.client.pid).not.toBe(first.client.pid)
  })
})

describe('a daemon is told clearly', () => {
  test('that another one is connected, unless it takes over', async () => {
    const directory = fresh()
    const first = await daemon(directory)
    await expect(daemon(directory)).rejects.toMatchObject({
      code: 'ROUTER_TAKEN',
      message: `The daemon ${process.pid} is connected to this router`,
    })
    const second = await daemon(directory, { takesOver: true })
    expect(await second.client.request({ kind: 'state' })).toMatchObject({ kind: 'done' })
    expect(await until(() => first.troubles[0])).toMatch(/^Cannot talk to the router/)
  })

  test('that a router speaks another protocol', async () => {
    const directory = fresh()
    const { client } = await daemon(directory)
    client.close()
    const { socket, log } = routerFiles(directory)
    const heard = await new Promise((resolve) => {
      const own = connect(socket, () => own.write('{"kind":"hello","protocol":99,"pid":1}\n'))
      own.on('data', (bytes) => resolve(JSON.parse(bytes.toString())))
    })
    expect(heard).toMatchObject({ kind: 'refused', id: null, code: 'PROTOCOL_VERSION' })
    expect(readFileSync(log, 'utf8')).toContain(`process ${client.pid}`)
  })

  test('why a router cannot start', async () => {
    const blocker = createServer()
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
    const port = (blocker.address() as { port: number }).port
    const refused = await daemon(fresh(), { port }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'ROUTER_FAILED' })
    expect((refused as RouterError).message).toContain('EADDRINUSE')
    blocker.close()
  })

  test('that a state directory has too long a path', async () => {
    const deep = join(fresh(), 'x'.repeat(100))
    await expect(daemon(deep)).rejects.toMatchObject({ code: 'ROUTER_PATH' })
  })

  test('that a command makes no sense, by its number', async () => {
    const directory = fresh()
    const own = await daemon(directory)
    const server = settingsOf({ url: 'http://127.0.0.1:1' }, { tenant: 'nobody' })
    expect(await own.client.request({ kind: 'add-server', server })).toMatchObject({
      kind: 'refused',
      code: 'UNKNOWN_TENANT',
    })
    const wrong = { kind: 'drain-server', serverId: 7 } as never
    expect(await own.client.request(wrong)).toMatchObject({ kind: 'refused', code: 'MALFORMED' })
    const nobody = { kind: 'drain-server', serverId: 'x' } as const
    expect(await own.client.request(nobody)).toMatchObject({ code: 'UNKNOWN_SERVER' })
  })
})

test('files that are no record of a router are as good as none', async () => {
  const directory = fresh()
  const first = await daemon(directory)
  first.client.close()
  await stopRouter(directory)
  writeFileSync(routerFiles(directory).record, '{"process":')
  expect((await daemon(directory)).client.wasAdopted).toBe(false)
})
