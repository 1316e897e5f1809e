import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isAlive } from '../workers/processes.ts'
import { hostSeconds } from './host-clock.ts'
import { RouterError } from './router-error.ts'
import { type RouterFiles, readRecord, routerFiles } from './router-files.ts'

export type StartOptions = {
  readonly stateDir: string
  readonly host: string
  readonly port: number
  /** What the process runs; main.js beside this file unless told otherwise. */
  readonly script?: string
}

const startSeconds = 10
const pollMs = 20
const logBytesMax = 1 << 20
const logBytesShown = 2000

/**
 * Makes sure that a router process runs and has said where. Throws RouterError with the last words
 * of one that could not start. `isWanted` is asked just before one is started.
 */
export async function findOrStart(
  files: RouterFiles,
  options: StartOptions,
  isWanted: () => boolean = () => true,
): Promise<{ readonly wasAdopted: boolean }> {
  if (await isRunning(files)) return { wasAdopted: true }
  if (!isWanted()) throw new RouterError('ROUTER_FAILED', 'No router is wanted any more')
  const ended = startOrSay(files, options)
  const deadline = hostSeconds() + startSeconds
  while (!(await isRunning(files))) {
    if (ended.code !== null) {
      // It may have lost a race against another daemon's.
      if (await isRunning(files)) return { wasAdopted: true }
      throw new RouterError('ROUTER_FAILED', lastWords(files, ended.code))
    }
    if (hostSeconds() > deadline) {
      const message = `The router did not start within ${startSeconds} s; see ${files.log}`
      throw new RouterError('ROUTER_FAILED', message)
    }
    await wait(pollMs)
  }
  return { wasAdopted: false }
}

/** Ends the router of a state directory, whoever started it: it drains. False: there is none. */
export async function stopRouter(stateDir: string): Promise<boolean> {
  const record = readRecord(routerFiles(stateDir))
  if (record === null || !(await isAlive(record.process))) return false
  process.kill(record.process.pid, 'SIGTERM')
  while (await isAlive(record.process)) await wait(pollMs)
  return true
}

async function isRunning(files: RouterFiles): Promise<boolean> {
  const record = readRecord(files)
  return record !== null && (await isAlive(record.process))
}

function startOrSay(files: RouterFiles, options: StartOptions): { code: number | null } {
  try {
    return start(files, options)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    throw new RouterError('ROUTER_FAILED', `Cannot start the router: ${words}`)
  }
}

/** In a session of its own, so that nothing that ends the daemon ends it too. */
function start(
  files: RouterFiles,
  { stateDir, host, port, script }: StartOptions,
): { code: number | null } {
  if ((statSync(files.log, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) rmSync(files.log)
  const log = openSync(files.log, 'a', 0o600)
  const run = script ?? fileURLToPath(new URL('./main.js', import.meta.url))
  const ended: { code: number | null } = { code: null }
  try {
    const child = spawn(
      process.execPath,
      [run, '--state-dir', stateDir, '--host', host, '--port', String(port)],
      { detached: true, stdio: ['ignore', log, log], cwd: '/', env: {} },
    )
    child.on('error', () => {
      ended.code = -1
    })
    child.on('exit', (code) => {
      ended.code = code ?? -1
    })
    child.unref()
  } finally {
    closeSync(log)
  }
  return ended
}

function lastWords(files: RouterFiles, code: number): string {
  const text = readFileSync(files.log, 'utf8').slice(-logBytesShown).trim()
  const line = text.split('\n').at(-1) ?? ''
  return line.replace(/^\S+Z /, '') || `The router ended with code ${code}`
}
