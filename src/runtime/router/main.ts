// The router's process: started by a daemon, which it outlives. See request-router.ts.
//   node main.js --state-dir DIR --host HOST --port PORT
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { must } from '../../base/assert.ts'
import { tryLock } from '../../devices/lock/file-lock.ts'
import { identityOfChild } from '../workers/processes.ts'
import { ControlSocket } from './control-socket.ts'
import { EventLog } from './event-log.ts'
import { hostSeconds } from './host-clock.ts'
import { protocolVersion } from './protocol.ts'
import { RequestRouter } from './request-router.ts'
import {
  makeRouterDirectory,
  type RouterFiles,
  removeRecord,
  routerFiles,
  writeRecord,
} from './router-files.ts'

const logBytesMax = 1 << 20
const eventBytesMax = 32 << 20
const drainSecondsDefault = 30
let logBytes = 0

const { values } = parseArgs({
  options: {
    'state-dir': { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8000' },
  },
})

try {
  await run(routerFiles(must(values['state-dir'], 'Cannot start the router: no --state-dir')))
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exit(1)
}

async function run(files: RouterFiles): Promise<void> {
  makeRouterDirectory(files)
  if (tryLock(files.lock) === null) {
    throw new Error(`Cannot start the router: another one runs in ${files.directory}`)
  }
  removeRecord(files)
  const log = new EventLog({ bytesMax: eventBytesMax, now: hostSeconds })
  const router = new RequestRouter({
    now: hostSeconds,
    onEvent: (event) => log.append(event),
    version: packageVersion(),
  })
  const { host } = values
  await router.listen(host, Number(values.port)).catch((error: Error) => {
    throw new Error(`Cannot start the router: ${error.message}`)
  })
  const shutDown = once(async (drainSecondsMax: number) => {
    say(`Shutting down, within ${drainSecondsMax} s`)
    await router.shutDown(drainSecondsMax)
    control.close()
    removeRecord(files)
    say('Shut down')
    process.exit(0)
  })
  const control = new ControlSocket({ router, log, onShutdown: shutDown, say })
  await listenOn(control, files.socket)
  process.on('SIGTERM', () => shutDown(drainSecondsDefault))
  process.on('SIGINT', () => shutDown(drainSecondsDefault))
  process.on('SIGHUP', () => {})
  const identity = must(identityOfChild(process.pid), 'A process finds itself in /proc')
  writeRecord(files, { process: identity, protocol: protocolVersion, host, port: router.port })
  say(`Listening on ${host}:${router.port}, process ${process.pid}`)
}

function listenOn({ server }: ControlSocket, path: string): Promise<void> {
  rmSync(path, { force: true })
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`Cannot listen on ${path}: ${error.message}`)))
    server.listen(path, () => {
      chmodSync(path, 0o600)
      resolve()
    })
  })
}

/** Bounded, for a process that runs for years: then it falls silent. */
function say(words: string): void {
  const line = `${new Date().toISOString()} ${words}\n`
  logBytes += line.length
  if (logBytes < logBytesMax) process.stdout.write(line)
}

function once(run: (seconds: number) => Promise<void>): (seconds: number) => void {
  let isRunning = false
  return (seconds) => {
    if (isRunning) return
    isRunning = true
    void run(seconds)
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
