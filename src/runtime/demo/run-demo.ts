import { Worker } from 'node:worker_threads'
import { must } from '../../base/assert.ts'
import type { VersionMeasurement } from '../../control/events.ts'
import type { Site } from '../../core/site.ts'
import type { ServiceTable } from '../../core/workload/service-table.ts'
import { drawTruth } from '../../simulator/truth.ts'
import type { DaemonEvent } from '../daemon/daemon.ts'
import { createNodePlanner } from '../daemon/node-planner.ts'
import { openDaemon, type RunningDaemon } from '../daemon/open-daemon.ts'
import { tenantPrograms } from '../daemon/programs.ts'
import type { Log } from '../daemon/world-context.ts'
import { type MeasuredTenant, measuredTenants } from './demo-result.ts'
import type { LoadAnswer, LoadMessage, LoadPlan, LoadReport } from './load-plan.ts'

export type DemoOptions = {
  /** With a simulation: its arrivals and drift are the load. */
  readonly site: Site
  readonly seed: number
  readonly stateDir: string
  readonly services: readonly ServiceTable[]
  /** To leave it running after the measured windows, until the signal: first this is told them. */
  readonly onKept: ((result: DemoResult, url: string) => Promise<void>) | null
  readonly signal: AbortSignal
  readonly onEvent: (event: DemoEvent) => void
  readonly log: Log
}

export type DemoEvent =
  | { readonly kind: 'started'; readonly url: string; readonly daemon: RunningDaemon }
  | { readonly kind: 'serving'; readonly atSeconds: number }
  | { readonly kind: 'daemon'; readonly event: DaemonEvent }
  | { readonly kind: 'measured'; readonly result: DemoResult }

/** A finished retraining beside what it was to replace, on the same held-out labels. */
export type JudgedVersion = VersionMeasurement & {
  readonly tenant: string
  readonly version: string
  readonly atSeconds: number
}

export type DemoResult = {
  readonly tenants: readonly MeasuredTenant[]
  readonly reconfigurations: number
  readonly retrainings: number
  readonly deployments: number
  readonly judged: readonly JudgedVersion[]
  /** When all tenants had a worker that took requests, in seconds of the run. */
  readonly servingSeconds: number | null
  readonly load: LoadReport
}

/** A window before the measured ones: workers start, queues fill, labels begin to come. */
const leadWindows = 1
const labelDelaySeconds = 2
/** After the last request, for what is in flight and the router's last count. */
const settleSeconds = 2.5

/**
 * Runs the site live with its own simulation as the load: a daemon, its router and reference
 * workers as on any node, on simulated GPUs. Whatever happens, nothing of it runs on afterwards.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { site, seed, stateDir, services, log } = options
  const { durationSeconds, tenants } = must(site.simulation)
  const leadSeconds = leadWindows * site.windowSeconds
  const labelledUntilSeconds = tenants.map(({ drift, initialStaleness }) =>
    drift.distancePerSecond > 0
      ? Math.min(0, leadSeconds - initialStaleness / drift.distancePerSecond)
      : 0,
  )
  const place = { stateDir, siteFolder: stateDir, labelledUntilSeconds }
  const programs = await tenantPrograms(site, place)
  const truth = drawTruth(site, seed)
  const history = truth.tenants.map(({ historyCounts }) =>
    historyCounts.subarray(0, Math.max(0, historyCounts.length - leadSeconds)),
  )
  const planner = createNodePlanner(site)
  const plan: LoadPlan = { site, seed, leadSeconds, labelDelaySeconds }
  const load = new Worker(new URL('./load-thread.js', import.meta.url), { workerData: plan })
  await answerOf(load, 'ready')
  const running = await openDaemon({
    ...{ site, stateDir, programs, services, history, log },
    device: { kind: 'simulated', models: site.gpus.map(({ model }) => model) },
    planner: planner.plan,
    runSeconds: leadSeconds + durationSeconds,
  })
  try {
    return await underLoad(options, running, { leadSeconds, load })
  } finally {
    await load.terminate()
    await running.stop()
    await planner.close()
  }
}

async function underLoad(
  options: DemoOptions,
  running: RunningDaemon,
  { leadSeconds, load }: { readonly leadSeconds: number; readonly load: Worker },
): Promise<DemoResult> {
  const { site, onEvent, signal } = options
  const { daemon, clock, router } = running
  const { host, port } = router.state.listen
  const url = `http://${host}:${port}`
  const counts = { reconfigurations: 0, retrainings: 0, deployments: 0 }
  const judged: JudgedVersion[] = []
  let servingSeconds: number | null = null
  daemon.listen((event) => {
    if (event.kind === 'effect') {
      const { kind } = event.effect
      if (kind === 'create-instance' || kind === 'destroy-instance') counts.reconfigurations += 1
      if (kind === 'keep-version') counts.deployments += 1
    }
    if (event.kind === 'fact' && event.event.kind === 'retraining-done') counts.retrainings += 1
    if (event.kind === 'fact' && event.event.kind === 'version-measured') {
      const { tenant, version, measurement, atSeconds } = event.event
      judged.push({ tenant, version, atSeconds, ...measurement })
    }
    onEvent({ kind: 'daemon', event })
    if (servingSeconds === null && isServing(site, daemon)) {
      servingSeconds = clock.now()
      onEvent({ kind: 'serving', atSeconds: servingSeconds })
    }
  })
  const tell = (message: LoadMessage): void => load.postMessage(message)
  try {
    onEvent({ kind: 'started', url, daemon: running })
    tell({ kind: 'go', target: { url, epochHostSeconds: -clock.fromHost(0) } })
    daemon.start()
    const { durationSeconds } = must(site.simulation)
    const endSeconds = leadSeconds + durationSeconds
    await sleep(1000 * (endSeconds + settleSeconds - clock.now()), signal)
    tell({ kind: 'report' })
    const report = await answerOf(load, 'report')
    const tenants = measuredTenants(site, {
      traffic: running.traffic,
      predictions: daemon.desk.predictions,
      load: report,
      from: leadWindows,
      until: Math.round(endSeconds / site.windowSeconds),
    })
    const result = { tenants, ...counts, judged, servingSeconds, load: report }
    onEvent({ kind: 'measured', result })
    if (options.onKept !== null) {
      await options.onKept(result, url)
      await given(signal)
    }
    return result
  } finally {
    tell({ kind: 'stop' })
  }
}

function isServing(site: Site, { state }: RunningDaemon['daemon']): boolean {
  return site.tenants.every(({ id }) =>
    state.instances.some(
      ({ worker }) =>
        worker?.kind === 'inference' && worker.tenant === id && worker.phase === 'serving',
    ),
  )
}

function answerOf<K extends LoadAnswer['kind']>(
  load: Worker,
  kind: K,
): Promise<Extract<LoadAnswer, { readonly kind: K }>> {
  return new Promise((resolve, reject) => {
    const onMessage = (answer: LoadAnswer): void => {
      if (answer.kind !== kind) return
      load.off('message', onMessage)
      resolve(answer as Extract<LoadAnswer, { readonly kind: K }>)
    }
    load.on('message', onMessage)
    load.once('error', reject)
  })
}

function given(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Also over when the signal comes; then it throws the signal's reason. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, Math.max(0, milliseconds))
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
