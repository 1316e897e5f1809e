import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { loadSite, readSiteSource } from '../../src/cli/load-site.ts'
import type { HardwareFault } from '../../src/devices/simulated/hardware-faults.ts'
import { studies } from '../../src/learning/studies.ts'
import { lookAtNode } from '../../src/runtime/node/open-node.ts'
import { paceFileOf } from '../../src/runtime/reference/pace.ts'
import { writeInitialVersion } from '../../src/runtime/reference/version-directory.ts'
import { allProcesses, launchOf } from '../../src/runtime/workers/processes.ts'
import { LiveRun } from '../runtime/live-run.ts'
import type { SwarmResult } from './worker-swarm.ts'

const steps = 12
const gpuCount = 2
const tenants = ['left', 'right']
const inputs = 16

/** A request may meet two workers in turn that hang, for as long as the router lets them. */
const answerMsMax = 75_000

/** How a worker may be: mostly well. */
const behaviours = [
  ...['well', 'well', 'well', 'well', 'well', 'well', 'well'],
  ...['dies-at-start', 'hangs-at-start', 'dies', 'freezes', 'ignores-sigterm'],
  ...['floods', 'leaks', 'answers-garbage'],
]

const actions = [
  ...['kill-daemon', 'kill-daemon', 'let-go', 'reload', 'replan'],
  ...['kill-worker', 'kill-worker', 'freeze-worker', 'fault', 'fault'],
] as const

/** Hardware that breaks for good does so once, so that there is something left to serve on. */
const lasting: readonly HardwareFault[] = ['uncontained-memory-error', 'off-the-bus']
const passing: readonly HardwareFault[] = ['page-fault', 'contained-memory-error']

const dist = resolve(import.meta.dirname, '../../dist')
const preload = resolve(import.meta.dirname, '../fixtures/workers/misbehave.mjs')

/**
 * A whole node, under load: reference workers that misbehave in every way, GPUs that break, a daemon
 * that is killed and comes again. Whatever happens, every request is answered by the router, no GPU
 * instance has more workers than one that takes over from another, the daemon does not end by
 * itself, and at the end no process is left and the journal agrees with the GPUs.
 */
export async function daemonSwarm(seed: number): Promise<SwarmResult> {
  const rng = new Rng(seed, 'daemon swarm')
  const log: string[] = []
  const breaches: string[] = []
  const live = new LiveRun('')
  try {
    await prepare(live, rng)
    await live.start()
    const watch = watchNode(live)
    const load = underLoad(live.routerUrl, rng.split('load'))
    let mayBreak = true
    for (let step = 0; step < steps; step += 1) {
      await wait(200 + 900 * rng.uniform())
      const action = pick(rng, actions)
      log.push(`${step} ${action}`)
      if (action === 'kill-daemon' || action === 'let-go') {
        const code = await live.end(action === 'let-go' ? 'SIGTERM' : 'SIGKILL')
        if (code !== (action === 'let-go' ? 0 : null))
          breaches.push(`The daemon ended with ${code}`)
        await wait(1000 * rng.uniform() ** 2)
        await live.start()
      } else if (action === 'reload') live.hangUp()
      else if (action === 'replan') await replan(live)
      else if (action === 'fault') mayBreak = await strike(live, rng, { mayBreak, log })
      else await signalWorker(live, rng, action === 'kill-worker' ? 'SIGKILL' : 'SIGSTOP')
      if (live.hasEnded) breaches.push(`The daemon ended by itself:\n${live.log.slice(-2000)}`)
    }
    breaches.push(...(await load.stop()), ...(await watch.stop()))
    // Restarting might be under way, by a reload.
    const code = await live.end('SIGINT')
    if (code !== 130) breaches.push(`The daemon ended with ${code}:\n${live.log.slice(-2000)}`)
    breaches.push(...remains(live), ...(await disagreements(live)))
  } catch (error) {
    breaches.push(`${error}`)
  } finally {
    await live.cleanUp()
  }
  return { breaches, log }
}

/** Nobody is there to be asked while a site file is being taken. */
async function replan(live: LiveRun): Promise<void> {
  await live.ask('/v1/replan', { post: true, token: 'secret' }).catch(() => undefined)
}

/** The site, what its workers are given, and how each of them will misbehave. */
async function prepare(live: LiveRun, rng: Rng): Promise<void> {
  const plans = join(live.folder, 'plans')
  mkdirSync(plans)
  const plan = Array.from({ length: 200 }, () => {
    return { behaviour: pick(rng, behaviours), afterMs: Math.round(4000 * rng.uniform()) }
  })
  // Something serves before anything goes wrong.
  const well = tenants.map(() => ({ behaviour: 'well', afterMs: 0 }))
  writeFileSync(join(plans, 'plan.json'), JSON.stringify([...well, ...plan]))
  writeFileSync(live.siteFile, siteText(live))
  const site = loadSite(readSiteSource(live.siteFile))
  const study = must(studies.find(({ id }) => id === 'easy'))
  const version = { seed: 1, labelledUntilSeconds: 0 }
  await writeInitialVersion(join(live.folder, 'first'), study, version)
  for (const id of tenants) {
    const pace = paceFileOf(site, id, 'a100-80gb')
    writeFileSync(join(live.folder, `${id}.json`), JSON.stringify(pace))
  }
}

function siteText({ folder }: LiveRun): string {
  const command = (script: string): string =>
    JSON.stringify([process.execPath, '--import', preload, join(dist, 'runtime/reference', script)])
  return `version: 1
name: swarm
gpus: [{ model: a100-80gb, count: ${gpuCount} }]
window: 6s
slot: 1s
planner: { coarseSlot: 3s }
costs: { cutOver: 50ms, checkpoint: 50ms }
tenants:
${tenants
  .map(
    (name) => `  - name: ${name}
    model: resnet50
    slo: 1s
    accuracy: easy
    start: { inference: 200ms, retraining: 200ms, restore: 50ms }
    retraining: { job: resnet50-cifar, batch: 64, samplesScale: 0.5, configurations: [short] }
    workers:
      inference: ${command('server.js')}
      retraining: ${command('trainer.js')}
      model: ./first
      environment: { MIGRATOR_PACE_FILE: ${join(folder, `${name}.json`)}, SWARM_PLAN: ${folder}/plans }
      ready: 3s
      memoryMax: 400MiB
`,
  )
  .join('')}
node: { planning: 500ms, router: { port: 0 }, control: { port: 0 } }
`
}

/** Requests and their labels, all the time: each has to be answered. */
function underLoad(url: string, rng: Rng) {
  const breaches: string[] = []
  const counts = new Map<number, number>()
  let isOver = false
  const post = async (path: string, body: unknown) => {
    const answer = await request(`${url}/v2/models/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      headersTimeout: answerMsMax,
      bodyTimeout: answerMsMax,
    })
    await answer.body.dump()
    return answer
  }
  const work = tenants.map(async (tenant) => {
    while (!isOver) {
      const data = Array.from({ length: inputs }, () => rng.normal())
      const input = { name: 'features', shape: [1, inputs], datatype: 'FP64', data }
      try {
        const { statusCode, headers } = await post(`${tenant}/infer`, { inputs: [input] })
        counts.set(statusCode, (counts.get(statusCode) ?? 0) + 1)
        const id = headers['migrator-request-id']
        if (statusCode === 200) await post(`${tenant}/feedback`, { id, label: [rng.integer(4)] })
        else if (![502, 503, 504].includes(statusCode)) {
          breaches.push(`A request to ${tenant} was answered with ${statusCode}`)
        }
      } catch (error) {
        breaches.push(`A request to ${tenant} was not answered: ${error}`)
      }
      await wait(20)
    }
  })
  return {
    stop: async (): Promise<readonly string[]> => {
      isOver = true
      await Promise.all(work)
      if ((counts.get(200) ?? 0) === 0) breaches.push(`Nothing was served: ${[...counts]}`)
      return breaches
    },
  }
}

/** Looks all the time whether too many workers have one GPU instance. */
function watchNode(live: LiveRun) {
  const breaches = new Set<string>()
  let isOver = false
  const work = (async () => {
    while (!isOver) {
      for (const breach of await crowdedDevices(live)) breaches.add(breach)
      await wait(100)
    }
  })()
  return {
    stop: async (): Promise<readonly string[]> => {
      isOver = true
      await work
      return [...breaches]
    },
  }
}

type WorkerProcess = { readonly pid: number; readonly device: string; readonly launch: string }

async function workersOf(live: LiveRun): Promise<readonly WorkerProcess[]> {
  return (await allProcesses()).flatMap(({ pid }) => {
    const launch = launchOf(pid)
    const environment = launch === null ? '' : environmentOf(pid)
    const device = /(?:^|\0)CUDA_VISIBLE_DEVICES=([^\0]+)/.exec(environment)?.[1]
    if (launch === null || device === undefined || !environment.includes(live.folder)) return []
    return [{ pid, device, launch }]
  })
}

/** One worker may be there to take over from another, and no third one. */
async function crowdedDevices(live: LiveRun): Promise<readonly string[]> {
  const launches = new Map<string, Set<string>>()
  for (const { device, launch } of await workersOf(live)) {
    launches.set(device, (launches.get(device) ?? new Set()).add(launch))
  }
  return [...launches].flatMap(([device, { size }]) =>
    size > 2 ? [`${device} is used by ${size} workers`] : [],
  )
}

async function signalWorker(live: LiveRun, rng: Rng, name: NodeJS.Signals): Promise<void> {
  const pids = (await workersOf(live)).map(({ pid }) => pid).sort((a, b) => a - b)
  const drawn = rng.uniform()
  const pid = pids[Math.floor(drawn * pids.length)]
  try {
    if (pid !== undefined) process.kill(pid, name)
  } catch {
    // It has just ended.
  }
}

/** Whether hardware may still break for good afterwards. */
async function strike(
  live: LiveRun,
  rng: Rng,
  { mayBreak, log }: { readonly mayBreak: boolean; readonly log: string[] },
): Promise<boolean> {
  const isLasting = mayBreak && rng.uniform() < 0.5
  const fault = pick(rng, isLasting ? lasting : passing)
  const [gpuDrawn, instanceDrawn] = [rng.integer(gpuCount), rng.uniform()]
  const { uuid, instances } = must((await live.gpus(gpuCount))[gpuDrawn])
  const struck = instances[Math.floor(instanceDrawn * instances.length)]
  log.push(`  ${fault} on GPU ${gpuDrawn}`)
  await live.strike(fault, { gpu: uuid, gpuInstanceId: struck?.id ?? null }, gpuCount)
  return mayBreak && !isLasting
}

function remains(live: LiveRun): readonly string[] {
  return live.processes().map((pid) => {
    const device = /CUDA_VISIBLE_DEVICES=([^\0]+)/.exec(environmentOf(pid))?.[1] ?? ''
    return `Process ${pid} is left: ${commandOf(pid)} ${device}\n${live.log.slice(-4000)}`
  })
}

/** Where the journal has other instances than the GPUs; one that is lost tells nothing. */
async function disagreements(live: LiveRun): Promise<readonly string[]> {
  const site = loadSite(readSiteSource(live.siteFile))
  const models = site.gpus.map(({ model }) => model)
  const { context, close } = await lookAtNode({ kind: 'simulated', models }, live.stateDir)
  const { owned, open } = context.book.ledger()
  const found: string[] = []
  for (const { uuid, instances, isLost } of await live.gpus(gpuCount)) {
    if (isLost) continue
    const there = instances.map(({ id }) => id).sort()
    const known = owned.filter(({ gpu }) => gpu === uuid).map((own) => own.gpuInstanceId)
    if (known.sort().join() !== there.join()) {
      found.push(`The journal has the instances ${known} on ${uuid}, which has ${there}`)
    }
    const unfinished = open.filter(({ place }) => place.gpu === uuid).length
    if (unfinished > 0) found.push(`${unfinished} operations are open on ${uuid}`)
  }
  await close()
  return found
}

function environmentOf(pid: number): string {
  return read(`/proc/${pid}/environ`)
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function pick<T>(rng: Rng, from: readonly T[]): T {
  return must(from[rng.integer(from.length)])
}
