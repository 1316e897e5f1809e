// What the router costs: its CPU time per request, what it adds to the latency of asking a worker
// directly, beside HAProxy where that is installed, and how long a prepared cut-over stalls.
//
//   npm run bench:router -- [--json] [--rounds 12] [--seconds 4] [--rps 300] [--bytes 1000]
//
// Worker, router, HAProxy and load are processes of their own. A round measures the three one after
// the other, in an order that rotates; differences and ratios are taken within a round, and their
// median and quartiles told. All share this machine's cores, so latencies are worth comparing, not
// quoting.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { connectRouter } from '../dist/runtime/router/client.js'
import { stopRouter } from '../dist/runtime/router/start-router.js'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '12' },
    seconds: { type: 'string', default: '4' },
    rps: { type: 'string', default: '300' },
    bytes: { type: 'string', default: '1000' },
    switches: { type: 'string', default: '20' },
  },
})
const [rounds, seconds, rps, bytes, switches] = [
  values.rounds,
  values.seconds,
  values.rps,
  values.bytes,
  values.switches,
].map(Number)

const children = []
const folder = mkdtempSync(join(tmpdir(), 'migrator-bench-router-'))

/**
 * In a session of its own, as the router is: a busy machine shares its cores out by sessions, and
 * one alone in its own waits longer than several that work as one.
 */
function start(command, args, options = {}) {
  const stdio = ['pipe', 'pipe', 'inherit']
  const child = spawn(command, args, { stdio, detached: true, ...options })
  children.push(child)
  return child
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

const script = (name) => join(import.meta.dirname, 'router', name)

async function startWorker() {
  const port = await freePort()
  const child = start(process.execPath, [script('worker.mjs'), String(port)])
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return { port, child }
}

function startLoad() {
  const child = start(process.execPath, [script('load.mjs')])
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async (wish) => {
    child.stdin.write(`${JSON.stringify({ rps, seconds, bytes, ...wish })}\n`)
    const { value } = await lines.next()
    const { latencies, failures } = JSON.parse(value)
    latencies.sort((a, b) => a - b)
    return { count: latencies.length, failures, p50: at(latencies, 0.5), p99: at(latencies, 0.99) }
  }
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]

function spread(differences) {
  const sorted = [...differences].sort((a, b) => a - b)
  return { median: at(sorted, 0.5), lower: at(sorted, 0.25), upper: at(sorted, 0.75) }
}

const itemsMax = 64
const serverFor = (serverId, port, version = 'v1') => ({
  serverId,
  tenant: 'a',
  url: `http://127.0.0.1:${port}`,
  version,
  capability: {
    itemsMax,
    latencySeconds: Array.from({ length: itemsMax + 1 }, (_, n) => (n === 0 ? 0 : 0.001)),
    capacityItemsPerSecond: 1000 * itemsMax,
    provenance: 'own',
  },
})

/**
 * So many servers at one worker: a server takes its next batch when it has answered the last, as a
 * GPU does, and what that costs here is the batching of the planes, not the router's.
 */
const serversAtWorker = 16

async function startRouter(worker) {
  const events = []
  const client = await connectRouter({
    stateDir: folder,
    host: '127.0.0.1',
    port: 0,
    onEvent: ({ event }) => events.push(event),
    onReconnected: () => {},
    onDisconnected: () => {},
  })
  const ask = async (request) => {
    const reply = await client.request(request)
    if (reply.kind !== 'done') throw new Error(JSON.stringify(reply))
    return reply.state
  }
  const tenants = [{ tenant: 'a', sloSeconds: 5, queueRequestsMax: 10_000 }]
  await ask({ kind: 'configure', epoch: 'bench', tenants })
  for (let i = 0; i < serversAtWorker; i += 1) {
    await ask({ kind: 'add-server', server: serverFor(`direct${i}`, worker.port) })
  }
  const record = JSON.parse(readFileSync(join(folder, 'router', 'router.json'), 'utf8'))
  return { client, ask, events, port: client.state.listen.port, pid: record.process.pid }
}

async function startHaproxy(worker) {
  try {
    execFileSync('haproxy', ['-v'], { stdio: 'ignore' })
  } catch {
    return null
  }
  const port = await freePort()
  const path = join(folder, 'haproxy.cfg')
  writeFileSync(
    path,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  default_backend out
backend out
  server worker 127.0.0.1:${worker.port} pool-max-conn 512
`,
  )
  const child = start('haproxy', ['-db', '-f', path], { stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  return { port, pid: child.pid }
}

/** CPU microseconds of a process, all its threads, by /proc. */
function cpuMicroseconds(pid) {
  const ofThread = (thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e3
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + ofThread(thread), 0)
}

/** One after the other, in an order that rotates: latencies, and CPU time per request. */
async function pairedRuns(targets, load) {
  const runs = []
  for (const { port } of targets) await load({ port, seed: 1, seconds: 3 * seconds })
  for (let round = 0; round < rounds; round += 1) {
    const order = targets.map((_, i) => targets[(i + round) % targets.length])
    const found = {}
    for (const { name, port, pid } of order) {
      const before = cpuMicroseconds(pid)
      const run = await load({ port, seed: 100 + round })
      found[name] = { ...run, cpu: (cpuMicroseconds(pid) - before) / run.count }
    }
    runs.push(found)
  }
  return runs
}

function added(runs, name) {
  return {
    cpuMicrosecondsPerRequest: spread(runs.map((run) => run[name].cpu)),
    addedMsP50: spread(runs.map((run) => run[name].p50 - run.direct.p50)),
    addedMsP99: spread(runs.map((run) => run[name].p99 - run.direct.p99)),
    failures: runs.reduce((sum, run) => sum + Object.values(run[name].failures).length, 0),
  }
}

/** The router's added median over HAProxy's; null where HAProxy's cannot be told from nothing. */
function ratio(runs) {
  const theirs = added(runs, 'haproxy').addedMsP50
  return theirs.lower > 0 ? added(runs, 'router').addedMsP50.median / theirs.median : null
}

/**
 * Prepared cut-overs under load: the new server is there, the old one drains. Told is how long the
 * whole takes, which bounds what any request can notice of it.
 */
async function cutOver({ ask, events, port }, worker, load) {
  const state = await ask({ kind: 'state' })
  for (const { settings } of state.servers) {
    await ask({ kind: 'remove-server', serverId: settings.serverId })
  }
  const [first, second] = [worker, await startWorker()]
  await ask({ kind: 'add-server', server: serverFor('cut0', first.port) })
  const before = (await ask({ kind: 'state' })).tenants[0].counts
  const each = 0.3
  const loading = load({ port, seed: 5, seconds: each * (switches + 2) })
  const stalls = []
  for (let i = 1; i <= switches; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * each))
    const target = i % 2 === 0 ? first : second
    const from = performance.now()
    await ask({ kind: 'add-server', server: serverFor(`cut${i}`, target.port, `v${i}`) })
    await ask({ kind: 'drain-server', serverId: `cut${i - 1}` })
    const isDrained = ({ kind, serverId }) => kind === 'drained' && serverId === `cut${i - 1}`
    while (!events.some(isDrained)) await new Promise((resolve) => setImmediate(resolve))
    await ask({ kind: 'remove-server', serverId: `cut${i - 1}` })
    stalls.push(performance.now() - from)
  }
  const { count, failures, p99 } = await loading
  const after = (await ask({ kind: 'state' })).tenants[0].counts
  return {
    switches,
    requests: count,
    failedByUs: after.failed - before.failed + after.shed - before.shed,
    retried: after.retried - before.retried,
    clientFailures: failures,
    wholeCutOverMs: spread(stalls),
    wholeCutOverMsMax: Math.max(...stalls),
    latencyMsP99: p99,
  }
}

try {
  const worker = await startWorker()
  const router = await startRouter(worker)
  const haproxy = await startHaproxy(worker)
  const load = startLoad()
  const targets = [
    { name: 'direct', port: worker.port, pid: worker.child.pid },
    { name: 'router', port: router.port, pid: router.pid },
    ...(haproxy === null ? [] : [{ name: 'haproxy', port: haproxy.port, pid: haproxy.pid }]),
  ]
  const runs = await pairedRuns(targets, load)
  const figures = {
    machine: {
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      // Far above the cores, latencies are those of waiting for a core.
      loadAverage: loadavg()[0],
      node: process.version,
    },
    load: { rps, bytes, seconds, rounds },
    router: added(runs, 'router'),
    haproxy: haproxy === null ? 'not installed, so not compared' : added(runs, 'haproxy'),
    direct: { msP50: spread(runs.map((run) => run.direct.p50)) },
    addedP50OverHaproxy: haproxy === null ? null : ratio(runs),
    cpuOverHaproxy:
      haproxy === null ? null : spread(runs.map((run) => run.router.cpu / run.haproxy.cpu)),
    cutOver: await cutOver(router, worker, load),
  }
  router.client.close()
  if (values.json) console.log(JSON.stringify(figures))
  else console.log(JSON.stringify(figures, null, 2))
} finally {
  await stopRouter(folder)
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
}
