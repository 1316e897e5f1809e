import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import { must } from '../../src/base/assert.ts'
import { findGpuModel } from '../../src/core/mig/catalog.ts'
import type { GpuInstance } from '../../src/devices/device.ts'
import { fileStore } from '../../src/devices/simulated/file/file-store.ts'
import {
  type HardwareFault,
  withHardwareFault,
} from '../../src/devices/simulated/hardware-faults.ts'
import type { SimulatedStore } from '../../src/devices/simulated/store.ts'

/** One tenant with reference workers on a simulated A100; quick to start. */
export const liveSite = `version: 1
name: live
gpus: [{ model: a100-80gb }]
window: 20s
slot: 1s
costs: { cutOver: 100ms }
tenants:
  - name: vision
    model: resnet50
    slo: 2s
    accuracy: easy
    start: { inference: 300ms, retraining: 300ms }
    workers: reference
    retraining: { job: resnet50-cifar, batch: 64, samplesScale: 0.05, configurations: [short] }
node:
  planning: 1s
  router: { port: 0 }
  control: { port: 0 }
`

const main = resolve(import.meta.dirname, '../../dist/cli/main.js')

/** `migrator run` as a process of its own, in a state directory of its own. */
export class LiveRun {
  readonly folder = mkdtempSync(join(tmpdir(), 'migrator-live-'))
  readonly stateDir = join(this.folder, 'state')
  readonly siteFile = join(this.folder, 'site.yaml')
  log = ''
  /** Of the daemon that was started last; the router is the same as long as it lives. */
  routerUrl = ''
  #daemon: ChildProcess | null = null

  constructor(site: string = liveSite) {
    writeFileSync(this.siteFile, site)
  }

  /** Starts a daemon; resolves once it says where it is. */
  async start(...args: readonly string[]): Promise<void> {
    this.log = ''
    const own = ['run', '-f', this.siteFile, '--state-dir', this.stateDir, ...args]
    const env = { ...process.env, MIGRATOR_TOKEN: 'secret' }
    const daemon = spawn(process.execPath, [main, ...own], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    daemon.stderr.on('data', (chunk) => {
      this.log += String(chunk)
    })
    this.#daemon = daemon
    await this.until(() => this.log.includes('control: '), 'the daemon starts')
    this.routerUrl = /Requests: (\S+)/.exec(this.log)?.[1] ?? ''
  }

  /** Whether the daemon ended without being told to. */
  get hasEnded(): boolean {
    return this.#daemon !== null && (this.#daemon.exitCode ?? this.#daemon.signalCode) !== null
  }

  /** Sends a signal, and resolves when the daemon has ended: its exit code, null after SIGKILL. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const daemon = this.#daemon
    if (daemon === null) return null
    this.#daemon = null
    if (daemon.exitCode !== null) return daemon.exitCode
    const over = new Promise<number | null>((done) => daemon.once('exit', (code) => done(code)))
    daemon.kill(signal)
    const late = wait(60_000, 'late' as const, { ref: false })
    const code = await Promise.race([over, late])
    if (code !== 'late') return code
    daemon.kill('SIGKILL')
    throw new Error(`A minute after ${signal} it had not ended:\n${this.log}`)
  }

  /** Another command, about this run. */
  command(...args: readonly string[]) {
    const { MIGRATOR_TOKEN: _, ...env } = process.env
    return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env })
  }

  hangUp(): void {
    this.#daemon?.kill('SIGHUP')
  }

  async ask(path: string, options: { readonly post?: boolean; readonly token?: string } = {}) {
    const { url } = JSON.parse(readFileSync(join(this.stateDir, 'daemon.json'), 'utf8'))
    const { token } = options
    const { statusCode, body } = await request(new URL(path, url), {
      method: options.post === true ? 'POST' : 'GET',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    })
    return { status: statusCode, body: JSON.parse(await body.text()) }
  }

  /** One request to the tenant; its status, or 0 where there was no answer. */
  async infer(): Promise<number> {
    const data = Array.from({ length: 16 }, (_, i) => i / 16)
    const input = { name: 'features', shape: [1, 16], datatype: 'FP64', data }
    try {
      const { statusCode, body } = await request(`${this.routerUrl}/v2/models/vision/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ inputs: [input] }),
      })
      await body.dump()
      return statusCode
    } catch {
      return 0
    }
  }

  async serves(): Promise<void> {
    await this.until(async () => (await this.infer()) === 200, 'the tenant is served')
  }

  async until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (let left = 600; left > 0; left -= 1) {
      if (await holds()) return
      await wait(100)
    }
    throw new Error(`Waited a minute until ${what}:\n${this.log}`)
  }

  /** What the simulated GPUs have on them; `count` of the A100s that the site names. */
  async gpus(count = 1): Promise<
    readonly {
      readonly uuid: string
      readonly isLost: boolean
      readonly instances: readonly GpuInstance[]
    }[]
  > {
    return (await this.#store(count).read()).gpus
  }

  /** Hardware of a simulated GPU fails, under one GPU instance or all. */
  async strike(
    fault: HardwareFault,
    where: { readonly gpu: string; readonly gpuInstanceId: number | null },
    count = 1,
  ): Promise<void> {
    const change = this.#store(count).update
    await change((node) => ({ node: withHardwareFault(node, fault, where), value: null }))
  }

  #store(count: number): SimulatedStore {
    const name = count === 1 ? 'a100-80gb' : `${count}xa100-80gb`
    const model = must(findGpuModel('a100-80gb'))
    const path = join(this.stateDir, `simulated-${name}`, 'gpus.json')
    return fileStore(path, Array(count).fill(model))
  }

  /** GPU instances on the simulated node, as `migrator status` tells. */
  instancesLeft(): number {
    const where = ['-d', 'simulated:a100-80gb', '--state-dir', this.stateDir, '-o', 'json']
    const told = execFileSync(process.execPath, [main, 'status', ...where], { encoding: 'utf8' })
    const { gpus } = JSON.parse(told) as { readonly gpus: readonly { instances: unknown[] }[] }
    return gpus.reduce((sum, { instances }) => sum + instances.length, 0)
  }

  /** Processes of this run (daemon, router, workers) whose command line has that in it. */
  processes(named = ''): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid && this.#belongs(pid, named))
  }

  async cleanUp(): Promise<void> {
    await this.end('SIGKILL')
    for (const pid of this.processes()) process.kill(pid, 'SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #belongs(pid: number, named: string): boolean {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      const about = readFileSync(`/proc/${pid}/environ`, 'utf8') + command
      return about.includes(this.stateDir) && command.includes(named)
    } catch {
      return false
    }
  }
}

/** Requests one after the other, all the time; what came of them. */
export function underLoad(own: LiveRun): { readonly stop: () => Promise<readonly number[]> } {
  const statuses: number[] = []
  let isOver = false
  const work = (async () => {
    while (!isOver) {
      statuses.push(await own.infer())
      await wait(10)
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await work
      return statuses
    },
  }
}
