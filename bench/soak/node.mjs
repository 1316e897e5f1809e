import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { advance } from '../../dist/control/executor.js'
import { initialState } from '../../dist/control/executor-state.js'
import { safetyModel, watchEffect, watchEvent } from '../../dist/control/safety.js'
import { createSimulatedDevice } from '../../dist/devices/simulated/device.js'
import { fileStore } from '../../dist/devices/simulated/file/file-store.js'
import { openBook } from '../../dist/reconfigure/book.js'
import { usualPatience } from '../../dist/reconfigure/persist.js'
import { NodeWorld } from '../../dist/runtime/daemon/node-world.js'
import { tenantSettingsOf } from '../../dist/runtime/daemon/router-sync.js'
import { openRunClock } from '../../dist/runtime/daemon/run-clock.js'
import { openJournal } from '../../dist/runtime/journal/sqlite-journal.js'
import { connectRouter } from '../../dist/runtime/router/client.js'
import { stopRouter } from '../../dist/runtime/router/start-router.js'
import { createWorkers } from '../../dist/runtime/workers/workers.js'
import { factorOf, versionOf } from './answer.mjs'

/** Versions whose folders stay: a worker may be about to load one that has just been replaced. */
const versionsKept = 20

/**
 * A node as the daemon has it, with a loop that does what the daemon's does and no planner: facts
 * go to control, its wishes are watched by the safety model and performed by the daemon's world, on
 * simulated GPUs behind the journal, on processes and on a router.
 */
export async function openSoakNode({
  site,
  stateDir,
  environment,
  command,
  log,
  onFact,
  onEffect,
}) {
  const clock = openRunClock(join(stateDir, 'run.json'))
  const folder = join(stateDir, 'gpus')
  mkdirSync(folder, { recursive: true })
  const models = site.gpus.map(({ model }) => model)
  const journal = openJournal(join(folder, 'journal.db'), { now: () => Date.now() / 1000 })
  // What a real GPU takes its time for takes none.
  const atOnce = async () => {}
  const store = fileStore(join(folder, 'gpus.json'), models)
  const device = createSimulatedDevice({ store, sleep: atOnce })
  const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
  const reconfigure = { device, book: openBook(journal), sleep: wait, patience: usualPatience }
  const gpuUuids = (await device.gpus()).map(({ uuid }) => uuid)
  const versions = site.tenants.map(({ id }) => versionsOf(join(stateDir, 'tenants', id)))
  const first = versionOf(1)
  for (const own of versions) own.make(first)
  const facts = []
  let isDelivering = false
  let isClosed = false
  let state = initialState(
    models,
    site.tenants.map(({ id }) => ({ id, version: first })),
  )
  let safety = safetyModel(models)
  const workers = createWorkers({
    stateDir,
    nowSeconds: clock.now,
    onEvent: (event) => {
      const words = event.kind === 'failed' ? lastWords(event.workerId) : undefined
      if (words !== undefined) log('error', `${event.workerId}: ${words}`)
      world.onWorker(event)
    },
  })
  const router = await connectRouter({
    stateDir,
    ...site.node.router,
    script: join(import.meta.dirname, 'router.mjs'),
    onEvent: ({ event }) => world.onRouter(event),
    onReconnected: () => log('error', 'router: another connection'),
    onDisconnected: (message) => log('error', `router: ${message}`),
  })
  const asked = { kind: 'configure', epoch: 'soak', tenants: site.tenants.map(tenantSettingsOf) }
  const reply = await router.request(asked)
  if (reply.kind !== 'done') throw new Error(JSON.stringify(reply))
  const link = { request: router.request }
  const program = { inference: command, retraining: null, firstVersion: '', environment }
  const programs = site.tenants.map(() => {
    return { ...program, readySecondsMax: 60, memoryMiBMax: null, paceFileOf: () => null }
  })
  const world = new NodeWorld({
    ...{ site, gpuUuids, reconfigure, workers, router: link, programs, versions, tell },
    log: (level, message) => {
      if (!isClosed) log(level, message)
    },
    now: clock.now,
    stateNow: () => state,
  })
  return {
    world,
    workers,
    router,
    link,
    versions,
    tell,
    now: clock.now,
    get state() {
      return state
    },
    stop: async () => {
      isClosed = true
      world.close()
      router.close()
      await stopRouter(stateDir)
      await Promise.all(
        workers.list().map(({ spec }) => workers.stop(spec.id, { graceSeconds: 5 })),
      )
      await workers.close()
      await device.close()
      journal.close()
    },
  }

  function lastWords(workerId) {
    const path = join(stateDir, 'workers', workerId, 'stderr.log')
    const lines = readFileSync(path, 'utf8').split('\n')
    return lines.find((line) => line.includes('Error'))
  }

  function tell(fact) {
    if (isClosed) return
    facts.push(fact)
    if (isDelivering) return
    isDelivering = true
    for (let next = facts.shift(); next !== undefined; next = facts.shift()) deliver(next)
    isDelivering = false
  }

  function deliver(fact) {
    const event = { ...fact, atSeconds: Math.max(clock.now(), state.nowSeconds) }
    safety = watchEvent(safety, event)
    const advanced = advance(state, event)
    state = advanced.state
    onFact(event)
    for (const effect of advanced.effects) {
      const { model, breaches } = watchEffect(safety, effect)
      if (breaches.length > 0) throw new Error(breaches.join('; '))
      safety = model
      onEffect(effect)
      world.perform(effect)
    }
  }
}

/** Versions that say nothing but which they are. */
function versionsOf(folder) {
  const dirOf = (version) => join(folder, version)
  return {
    dirOf,
    make: (version) => {
      const factor = factorOf(version)
      mkdirSync(dirOf(version), { recursive: true })
      writeFileSync(join(dirOf(version), 'factor'), String(factor))
      rmSync(dirOf(versionOf(factor - versionsKept)), { recursive: true, force: true })
    },
  }
}
