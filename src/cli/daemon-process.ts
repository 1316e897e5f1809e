import { existsSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Site } from '../core/site.ts'
import { controlApi } from '../runtime/daemon/api/control-api.ts'
import {
  checkReach,
  isLoopback,
  type ServedApi,
  serveApi,
} from '../runtime/daemon/api/serve-api.ts'
import { readJson, writeJson } from '../runtime/daemon/json-file.ts'
import { createNodePlanner } from '../runtime/daemon/node-planner.ts'
import { openDaemon, type RunningDaemon } from '../runtime/daemon/open-daemon.ts'
import { tenantPrograms } from '../runtime/daemon/programs.ts'
import type { Log } from '../runtime/daemon/world-context.ts'
import type { DeviceSpec } from '../runtime/node/open-device.ts'
import { serviceTables } from '../simulator/service-tables.ts'
import { loadSite, readSiteSource } from './load-site.ts'
import { UsageError } from './usage-error.ts'

export type DaemonProcessOptions = {
  readonly file: string
  readonly stateDir: string
  /** Null: what the site file says. */
  readonly device: DeviceSpec | null
  readonly mode: 'active' | 'advisory' | null
  readonly token: string | null
  readonly ignoresOwners: boolean
  readonly log: Log
}

/** A daemon with its API, as a process runs it. */
export type DaemonProcess = {
  readonly running: () => RunningDaemon
  readonly url: string
  readonly routerUrl: () => string
  /** Takes the site file as it is now, all or nothing; what was wrong, or null. */
  readonly reload: () => Promise<string | null>
  /** Lets go: workers, router and GPU instances live on. */
  readonly close: () => Promise<void>
  /** Ends all of them. */
  readonly stop: () => Promise<void>
}

/** Where a daemon says how it is reached, for other commands on this machine. */
export function daemonFile(stateDir: string): string {
  return join(stateDir, 'daemon.json')
}

/** The control API of the daemon of that state directory; null: none says that it runs. */
export function daemonUrl(stateDir: string): string | null {
  const found = readJson(daemonFile(stateDir)) as { readonly url?: unknown } | null
  return typeof found?.url === 'string' ? found.url : null
}

/** Opens everything or nothing. */
export async function startDaemonProcess(options: DaemonProcessOptions): Promise<DaemonProcess> {
  const { stateDir, token, log } = options
  let prepared = await prepare(options)
  // Before anything is opened.
  checkReach(prepared.site.node.control, token)
  let current = await begin(prepared, options)
  const { control } = prepared.site.node
  let reloading: Promise<string | null> | null = null
  let isEnding = false
  let api: ServedApi
  let serving: Promise<void> = Promise.resolve()
  const serveFor = (running: RunningDaemon, site: Site, port: number): Promise<ServedApi> => {
    const { daemon, traffic } = running
    const readsFreely = isLoopback(control.host)
    const app = controlApi({ site, daemon, traffic, token, readsFreely, reload })
    return serveApi(app, { host: control.host, port }, token)
  }
  try {
    api = await serveFor(current.running, prepared.site, control.port)
  } catch (error) {
    await current.close()
    throw error
  }
  const { url } = api
  writeJson(daemonFile(stateDir), { url, pid: process.pid })
  return {
    running: () => current.running,
    url,
    routerUrl: () => routerUrlOf(current.running),
    reload,
    close: () => end((own) => own.close()),
    stop: () => end((own) => own.stop()),
  }

  /** What is wrong with the new file is found before anything of the old one is let go. */
  async function reload(): Promise<string | null> {
    if (isEnding) return 'It is about to end'
    if (reloading !== null) return 'It is being reloaded already'
    reloading = takeFile()
    try {
      return await reloading
    } finally {
      reloading = null
    }
  }

  async function takeFile(): Promise<string | null> {
    try {
      const next = await prepare(options)
      await current.close()
      try {
        current = await begin(next, options)
        prepared = next
      } catch (error) {
        current = await begin(prepared, options).catch(dieOf)
        throw error
      } finally {
        serveAgain()
      }
      log('info', `Reloaded ${options.file}`)
      return null
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      log('error', `Not reloaded, all goes on as before: ${words}`)
      return words
    }
  }

  /** There is another daemon behind it, whatever came of the file. */
  function serveAgain(): void {
    const port = Number(new URL(url).port)
    // The answer to this very request is still on its way.
    setTimeout(() => {
      if (isEnding) return
      serving = api.close().then(async () => {
        api = await serveFor(current.running, prepared.site, port)
      })
    }, 50)
  }

  /** A file that is being taken is taken first: there is one daemon to end, and none begins. */
  async function end(run: (own: Begun) => Promise<void>): Promise<void> {
    isEnding = true
    await reloading
    await serving
    rmSync(daemonFile(stateDir), { force: true })
    await api.close()
    await run(current)
  }
}

/** Who cannot go on as before either ends, and lets the next one take over. */
function dieOf(error: unknown): never {
  setImmediate(() => {
    throw error
  })
  throw error
}

type Prepared = Pick<Parameters<typeof openDaemon>[0], 'programs' | 'services'> & {
  readonly site: Site
}

type Begun = {
  readonly running: RunningDaemon
  readonly close: () => Promise<void>
  readonly stop: () => Promise<void>
}

async function prepare({ file, stateDir, mode }: DaemonProcessOptions): Promise<Prepared> {
  const read = loadSite(readSiteSource(file))
  const site = mode === null ? read : { ...read, node: { ...read.node, mode } }
  if (site.policy !== 'migrator') {
    throw new UsageError(`Cannot run policy ${site.policy}: a node runs migrator`)
  }
  if (site.node.workers.every((own) => own === null)) {
    throw new UsageError(
      `Cannot run ${file}: no tenant has workers; add "workers: reference" or commands to one`,
    )
  }
  const siteFolder = existsSync(file) ? dirname(resolve(file)) : process.cwd()
  const programs = await tenantPrograms(site, { stateDir, siteFolder })
  return { site, programs, services: serviceTables(site) }
}

async function begin(prepared: Prepared, options: DaemonProcessOptions): Promise<Begun> {
  const { site } = prepared
  const { stateDir, log, ignoresOwners } = options
  const models = site.gpus.map(({ model }) => model)
  const named: DeviceSpec =
    site.node.device === 'nvml' ? { kind: 'nvml', library: null } : { kind: 'simulated', models }
  const planner = createNodePlanner(site)
  try {
    const device = options.device ?? named
    const running = await openDaemon({
      ...prepared,
      ...{ stateDir, device, planner: planner.plan, ignoresOwners, log },
    })
    running.daemon.start()
    return {
      running,
      close: async () => {
        await running.close()
        await planner.close()
      },
      stop: async () => {
        await running.stop()
        await planner.close()
      },
    }
  } catch (error) {
    await planner.close()
    throw error
  }
}

function routerUrlOf({ router }: RunningDaemon): string {
  const { host, port } = router.state.listen
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
