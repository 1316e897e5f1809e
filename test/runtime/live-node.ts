import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { loadSite, readSiteSource } from '../../src/cli/load-site.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { StaticInstance } from '../../src/core/site.ts'
import type { DaemonEvent } from '../../src/runtime/daemon/daemon.ts'
import type { RunningDaemon } from '../../src/runtime/daemon/open-daemon.ts'
import type { InferResponse } from '../../src/runtime/open-inference/protocol.ts'
import { classesIn } from '../../src/runtime/reference/drifting-source.ts'
import { serviceTables } from '../../src/simulator/service-tables.ts'
import { built } from '../built.ts'
import { fixedPolicy } from '../fixed-policy.ts'

const { openDaemon } = await built<typeof import('../../src/runtime/daemon/open-daemon.ts')>(
  'runtime/daemon/open-daemon.js',
)
const { tenantPrograms } = await built<typeof import('../../src/runtime/daemon/programs.ts')>(
  'runtime/daemon/programs.js',
)

/** One tenant on half a GPU, and the other half to retrain it on. */
export const liveNodeSite = `version: 1
name: node
gpus: [{ model: a100-80gb }]
window: 5s
planner: { coarseSlot: 5s }
slot: 1s
costs: { cutOver: 50ms, checkpoint: 50ms }
tenants:
  - name: vision
    model: resnet50
    slo: 2s
    items: 8
    accuracy: easy
    start: { inference: 200ms, retraining: 200ms, restore: 50ms }
    workers: reference
    retraining: { job: resnet50-cifar, batch: 64, samplesScale: 1.2, configurations: [short] }
node: { planning: 500ms, router: { port: 0 }, heldOut: 0.5 }
`

/** NVML's id of 3g.40gb. */
const half = 9
const serves: StaticInstance = {
  ...{ gpu: 0, profileId: half, start: 0, tenant: 'vision', role: 'inference' },
}
const trains: StaticInstance = { ...serves, start: 4, role: 'retraining' }
const inputs = 16

/** A daemon in this process, on a node of its own, that carries out the plans it is told to. */
export class LiveNode {
  readonly folder = mkdtempSync(join(tmpdir(), 'migrator-node-'))
  /** Whether plans from now on retrain. */
  retrains = false
  log = ''
  events: DaemonEvent[] = []
  #running: RunningDaemon | null = null
  readonly #rng = new Rng(1, 'live node')
  readonly #text: string
  readonly #policy: Policy

  /** By default it serves, and retrains while `retrains` says so. */
  constructor(options: { readonly text?: string; readonly policy?: Policy } = {}) {
    this.#text = options.text ?? liveNodeSite
    const layoutOf = () => (this.retrains ? [serves, trains] : [serves])
    this.#policy = options.policy ?? fixedPolicy(layoutOf)
  }

  get running(): RunningDaemon {
    return must(this.#running, 'No daemon is open')
  }

  async open(): Promise<void> {
    const file = join(this.folder, 'site.yaml')
    writeFileSync(file, this.#text)
    const site = loadSite(readSiteSource(file))
    const stateDir = join(this.folder, 'state')
    const programs = await tenantPrograms(site, { stateDir, siteFolder: this.folder })
    const models = site.gpus.map(({ model }) => model)
    this.#running = await openDaemon({
      ...{ site, stateDir, programs, services: serviceTables(site) },
      device: { kind: 'simulated', models },
      planner: async (problem) => this.#policy.plan(problem),
      log: (level, message) => {
        this.log += `${level} ${message}\n`
      },
    })
    this.running.daemon.listen((event) => this.events.push(event))
    this.running.daemon.start()
  }

  /** Lets go, as a daemon that dies does: router and workers live on. */
  async leave(): Promise<void> {
    const { close } = this.running
    this.#running = null
    await close()
  }

  /** What retrainings that control had started are. */
  get trainings(): readonly { readonly jobId: string; readonly resumes: boolean }[] {
    return this.events.flatMap((event) => {
      if (event.kind !== 'effect' || event.effect.kind !== 'start-worker') return []
      const { task } = event.effect
      return task.kind === 'retraining' ? [task] : []
    })
  }

  /** A request of eight items: its id, who answered and what; null: it was not served. */
  async infer(tenant = 'vision') {
    const data = Array.from({ length: 8 * inputs }, () => this.#rng.normal())
    const input = { name: 'features', shape: [8, inputs], datatype: 'FP64', data }
    const answer = await this.#post(`${tenant}/infer`, { inputs: [input] })
    if (answer.status !== 200) return null
    const classes = must(classesIn(answer.body as InferResponse))
    return { id: String(answer.id), version: String(answer.version), classes }
  }

  /** That many requests, and to each answer its labels. */
  async teach(requests: number, labelsOf: (classes: readonly number[]) => readonly number[]) {
    for (let i = 0; i < requests; i += 1) {
      const answer = await this.infer()
      if (answer === null) continue
      await this.#post('vision/feedback', { id: answer.id, label: labelsOf(answer.classes) })
    }
  }

  async until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (let left = 600; left > 0; left -= 1) {
      if (await holds()) return
      await wait(100)
    }
    throw new Error(`Waited a minute until ${what}:\n${this.log}`)
  }

  /** Facts of that kind that control was told. */
  facts(kind: string): number {
    return this.events.filter((own) => own.kind === 'fact' && own.event.kind === kind).length
  }

  async cleanUp(): Promise<void> {
    // Whatever a daemon left is found by another one, which ends it.
    if (this.#running === null) await this.open()
    await this.running.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #post(what: string, body: unknown) {
    const { host, port } = this.running.router.state.listen
    const answer = await request(`http://${host}:${port}/v2/models/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const told = await answer.body.text()
    return {
      status: answer.statusCode,
      id: answer.headers['migrator-request-id'],
      version: answer.headers['migrator-model-version'],
      body: answer.statusCode === 200 ? JSON.parse(told) : told,
    }
  }
}
