// Whether a node loses a request, or grows, over thousands of cut-overs under load.
//
//   npm run soak -- [--switches 10000] [--rps 200] [--pairs 2] [--service-ms 40] [--crash-every 500]
//     [--json] [--keep]
//
// Prints a table, or with --json one JSON object; progress goes to stderr. Exit code 1 if a request
// failed by us, if the load fell short of its rate, or if the router's or the control process's memory
// grew over 1.1 times.
//
// What is real: the router's process and its socket; control (src/control) with its safety model;
// the daemon's performer of control's wishes, worker supervision, journal; an inference worker's
// process started and stopped at every hand-over; HTTP with kept-alive connections, from a client
// process of its own that checks every answer. What is not: GPUs are simulated and their operations
// take no time, plans come from a fixed alternation instead of the planner and take effect at once,
// workers answer arithmetic instead of inferences, and there are no retrainings.
//
// A switch is a cut-over of a server that has requests in flight, as the router says right after it
// was closed to new ones: half are hand-overs (a tenant's worker goes to another GPU instance, where
// the next one serves before), half are new versions on a worker that stays. One that closed a server
// with nothing in flight, or before its successor served, is told and does not count. One worker in
// so many switches is killed with requests in flight, which is no switch: those requests are retried
// on another, and are the retries that are told.
//
// Memory: RSS of each process, once a second, from /proc. Warm-up is over after a twentieth of the
// switches, 300 at least, and once the router's memory of answers that wait for feedback (bounded,
// 32 MiB a tenant) is full. Growth is the largest reading after that over the median of the ten
// readings before.
import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { stopRouter } from '../dist/runtime/router/start-router.js'
import { createWorkers } from '../dist/runtime/workers/workers.js'
import { MemoryWatch } from './soak/memory.mjs'

const { values } = parseArgs({
  options: {
    switches: { type: 'string', default: '10000' },
    rps: { type: 'string', default: '200' },
    pairs: { type: 'string', default: '2' },
    'service-ms': { type: 'string', default: '40' },
    'crash-every': { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
})
const [switches, rps, pairsOfTenant, serviceMs, crashEvery] = [
  values.switches,
  values.rps,
  values.pairs,
  values['service-ms'],
  values['crash-every'],
].map(Number)
/** Sent beyond what is asked for, so that with Poisson arrivals it comes to that in the end. */
const rpsSpare = 1.1
const growthMax = 1.1
/** Fewer may be over before memory has come to rest, and say nothing about it. */
const judgedSwitches = 2000

const stateDir = mkdtempSync(join(tmpdir(), 'migrator-soak-'))
const children = []
const problems = []

/** A process that is spoken to by IPC. */
function start(script) {
  const child = fork(join(import.meta.dirname, 'soak', script), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(child)
  const waiting = new Map()
  const listeners = []
  const isOver = new Promise((_, reject) => {
    child.once('exit', (code) => reject(new Error(`${script} ended with code ${code}`)))
  })
  isOver.catch(() => {})
  child.on('message', (message) => {
    waiting.get(message.kind)?.(message)
    waiting.delete(message.kind)
    for (const listener of listeners) listener(message)
  })
  const hear = (kind) => new Promise((resolve) => waiting.set(kind, resolve))
  return {
    pid: child.pid,
    child,
    listen: (listener) => listeners.push(listener),
    tell: (message) => child.send(message),
    ask: (message, kind) => {
      const heard = hear(kind)
      child.send(message)
      return Promise.race([heard, isOver])
    },
  }
}

function say(words) {
  process.stderr.write(`${words}\n`)
}

async function soak() {
  const control = start('control.mjs')
  const load = start('load.mjs')
  const broken = new Promise((_, reject) => {
    control.listen((message) => {
      if (message.kind === 'log') say(message.message)
      if (message.kind === 'failed') reject(new Error(message.message))
    })
  })
  return await Promise.race([broken, under({ control, load })])
}

async function under({ control, load }) {
  const go = { kind: 'go', switches, stateDir, pairsOfTenant, serviceMs, crashEvery }
  const { url, routerPid, tenants } = await control.ask(go, 'serving')
  const memory = new MemoryWatch({
    processes: { router: routerPid, control: control.pid },
    switchesMin: Math.max(300, Math.ceil(switches / 20)),
    isFull: isFullOf(control),
    onWarm: () => heaps(control, routerPid),
  })
  load.tell({ kind: 'go', tenants, url, rps: rpsSpare * rps, seed: 1 })
  const from = performance.now()
  let last = { switches: 0 }
  control.listen((message) => {
    if (message.kind === 'progress') last = message
  })
  const watching = setInterval(() => {
    // Where a process has ended, that is told elsewhere.
    memory.look(last.switches).catch(() => {})
    const seconds = Math.round((performance.now() - from) / 1000)
    if (seconds % 10 === 0) say(`${seconds} s: ${last.switches} switches, ${memory.words()}`)
  }, 1000)
  const done = await control.ask({ kind: 'run' }, 'done')
  clearInterval(watching)
  const seconds = (performance.now() - from) / 1000
  const report = await load.ask({ kind: 'stop' }, 'report')
  const { state } = await control.ask({ kind: 'state' }, 'state')
  const heapAfter = await heaps(control, routerPid)
  const ended = new Promise((resolve) => control.child.once('exit', resolve))
  control.tell({ kind: 'end' })
  await ended
  return result({ done, seconds, report, state, memory, heapAfter, tenants })
}

/** Whether the router's memory of answers has stopped growing. */
function isFullOf(control) {
  const seen = []
  return async () => {
    const { state } = await control.ask({ kind: 'state' }, 'state')
    seen.push(state.tenants.map(({ awaitingFeedback }) => awaitingFeedback))
    const before = seen.at(-6)
    return before !== undefined && seen.at(-1).every((count, i) => count <= 1.005 * before[i])
  }
}

/** MiB of heap that are left when both processes have collected their garbage. */
async function heaps(control, routerPid) {
  const path = join(stateDir, 'heap.json')
  rmSync(path, { force: true })
  process.kill(routerPid, 'SIGUSR2')
  const own = await control.ask({ kind: 'heap' }, 'heap')
  for (let left = 100; left > 0; left -= 1) {
    try {
      const router = JSON.parse(readFileSync(path, 'utf8'))
      return { router: mib(router.heapUsed), control: mib(own.heapUsed) }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return { router: null, control: mib(own.heapUsed) }
}

function mib(bytes) {
  return Math.round((10 * bytes) / 2 ** 20) / 10
}

function result({ done, seconds, report, state, memory, heapAfter, tenants }) {
  const { counts } = done
  const sum = (name) => state.tenants.reduce((total, own) => total + own.counts[name], 0)
  const perTenant = state.tenants.map((own) => own.counts.arrived / seconds)
  const { router, control } = memory.figures()
  const figures = {
    switches: done.switches,
    handOvers: counts.handOvers,
    versionSwitches: counts.versionSwitches,
    requestsInFlightAtSwitchMin: counts.inFlightMin,
    notCounted: { nothingInFlight: counts.idle, successorWasLate: counts.early },
    requests: report.counts.requests,
    answered: report.counts.answered,
    failed: report.counts.failed,
    failures: report.failures,
    failedAtRouter: sum('failed'),
    shed: report.counts.shed,
    late: sum('late'),
    retries: sum('retried'),
    feedback: report.counts.feedback,
    feedbackFailed: report.counts.feedbackFailed,
    tenants: tenants.length,
    rpsOfTenantMin: Math.round(10 * Math.min(...perTenant)) / 10,
    latencyMs: report.latencyMs,
    cutOverMs: done.cutOverMs,
    workersStarted: counts.workersStarted,
    crashes: counts.crashes,
    // More than were killed: on a busy machine a stranger may take a port before a worker does.
    workersFailed: counts.workersFailed,
    instancesCreated: counts.instancesCreated,
    instancesDestroyed: counts.instancesDestroyed,
    plans: counts.plans,
    warmUpSwitches: memory.warmAtSwitches,
    rssMiBAfterWarmUp: router.after,
    rssMiBMax: router.max,
    rssMiBAtEnd: router.last,
    growth: router.growth,
    controlRssMiBAfterWarmUp: control.after,
    controlRssMiBMax: control.max,
    controlRssMiBAtEnd: control.last,
    controlGrowth: control.growth,
    heapMiBAfterWarmUp: memory.heap,
    heapMiBAtEnd: heapAfter,
    seconds: Math.round(seconds),
    rssMaxAtSeconds: { router: router.maxAtReading ?? null, control: control.maxAtReading ?? null },
    loadAverage: loadavg()[0],
  }
  judge(figures)
  return figures
}

function judge(figures) {
  const demand = (holds, words) => {
    if (!holds) problems.push(words)
  }
  demand(figures.failed === 0 && figures.failedAtRouter === 0, 'requests failed')
  demand(figures.requestsInFlightAtSwitchMin > 0, 'nothing was in flight at a switch')
  demand(figures.rpsOfTenantMin >= rps, 'the load fell short of its rate')
  demand(switches < judgedSwitches || figures.growth !== null, 'memory never came to rest')
  demand((figures.growth ?? 0) <= growthMax, 'the router grew')
  demand((figures.controlGrowth ?? 0) <= growthMax, 'the control process grew')
}

function print(figures) {
  const flat = Object.entries(figures).map(([name, value]) => {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
    return [name, text]
  })
  const width = Math.max(...flat.map(([name]) => name.length))
  for (const [name, text] of flat) console.log(`${name.padEnd(width)}  ${text}`)
}

let cleaning = null

/** Whatever happened, nothing of it runs on: router and workers outlive the control process. */
function cleanUp() {
  cleaning ??= endAll()
  return cleaning
}

async function endAll() {
  for (const child of children) child.kill('SIGKILL')
  await stopRouter(stateDir)
  const workers = createWorkers({ stateDir, nowSeconds: () => 0, onEvent: () => {} })
  await workers.adopt()
  await Promise.all(workers.list().map(({ spec }) => workers.stop(spec.id, { graceSeconds: 1 })))
  await workers.close()
  if (!values.keep) rmSync(stateDir, { recursive: true, force: true })
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => cleanUp().finally(() => process.exit(1)))
}
try {
  const figures = await soak()
  if (values.json) console.log(JSON.stringify(figures))
  else print(figures)
  for (const words of problems) say(`Not held: ${words}`)
  if (problems.length > 0) process.exitCode = 1
} finally {
  await cleanUp()
}
