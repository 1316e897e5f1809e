// Our own time for a reconfiguration, beyond the device's calls: planning its steps, journalling each
// on the disk, and everything between. Every ordered pair of the maximal layouts of an A100, on a
// simulated GPU that takes no time, with a journal in --folder (default: a new one in the temporary
// folder). Time inside device calls is taken off.
//
//   npm run bench:execute -- [--json] [--folder DIR] [--library libnvidia-ml.so.1]
//
// Then `migrator apply` of a saved plan that finds nothing to do, as a process from its start to its
// end, beside a Node process that does nothing. With --library that goes through NVML, and the same
// inside one process is timed too, from opening the library to closing it. Figures go to stdout.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findGpuModel } from '../dist/core/mig/catalog.js'
import { enumerateLayouts, isMaximal } from '../dist/core/mig/layout.js'
import { baseProfileIds } from '../dist/core/mig/placement.js'
import { openNvml } from '../dist/devices/nvml/open-nvml.js'
import { createSimulatedDevice } from '../dist/devices/simulated/device.js'
import { newNode } from '../dist/devices/simulated/node.js'
import { memoryStore } from '../dist/devices/simulated/store.js'
import { openBook } from '../dist/reconfigure/book.js'
import { makeChange } from '../dist/reconfigure/change-file.js'
import { carryOut, planChange, wantedOf } from '../dist/reconfigure/change-layout.js'
import { memoryJournal } from '../dist/reconfigure/journal.js'
import { usualPatience } from '../dist/reconfigure/persist.js'
import { openJournal } from '../dist/runtime/journal/sqlite-journal.js'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    folder: { type: 'string' },
    library: { type: 'string' },
  },
})

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'migrator-bench-execute-'))
const path = join(folder, `bench-${process.pid}.db`)
const sleep = async () => {}

/** The device with the milliseconds that passed inside its calls; calls side by side count once. */
function timed(device) {
  const clock = { inside: 0, running: 0, since: 0 }
  const wrap =
    (call) =>
    async (...given) => {
      if (clock.running === 0) clock.since = performance.now()
      clock.running += 1
      try {
        return await call(...given)
      } finally {
        clock.running -= 1
        if (clock.running === 0) clock.inside += performance.now() - clock.since
      }
    }
  const calls = Object.entries(device).map(([name, call]) => [name, wrap(call)])
  return { device: Object.fromEntries(calls), clock }
}

async function reconfigurations() {
  const model = findGpuModel('a100-80gb')
  const ids = baseProfileIds(model)
  const layouts = enumerateLayouts(model, ids).filter((layout) => isMaximal(layout, ids))
  const store = memoryStore(newNode([model]))
  const { device, clock } = timed(createSimulatedDevice({ store, sleep }))
  const journal = openJournal(path, { now: () => Date.now() / 1000 })
  const context = { device, book: openBook(journal), sleep, patience: usualPatience }
  const gpu = (await device.gpus())[0].uuid
  const change = async (layout) => {
    const [start, inside] = [performance.now(), clock.inside]
    const planned = await planChange(context, [{ gpu, wanted: wantedOf(layout) }])
    const ended = await carryOut(context, planned.gpus, { why: 'bench' })
    const ms = performance.now() - start - (clock.inside - inside)
    if (ended.kind !== 'done') throw new Error(JSON.stringify(ended))
    return { ms, steps: ended.steps }
  }
  const own = []
  let steps = 0
  for (const from of layouts) {
    for (const to of layouts) {
      if (from === to) continue
      await change(from)
      const done = await change(to)
      own.push(done.ms)
      steps += done.steps
    }
  }
  journal.close()
  own.sort((a, b) => a - b)
  const at = (share) => own[Math.min(own.length - 1, Math.floor(share * own.length))]
  return {
    reconfigurations: own.length,
    stepsMean: steps / own.length,
    ownMsP50: at(0.5),
    ownMsP99: at(0.99),
    ownMsMax: own.at(-1),
  }
}

const runs = 21

/** Median and largest wall-clock milliseconds of a process. */
function processMs(words) {
  const ms = []
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now()
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
    ms.push(performance.now() - start)
    if (status !== 0) throw new Error(stderr)
  }
  ms.sort((a, b) => a - b)
  return { p50: ms[Math.floor(runs / 2)], max: ms.at(-1) }
}

/** A saved plan that wants what is there. */
async function noOpProcess(device, name) {
  const book = openBook(memoryJournal())
  const context = { device, book, sleep, patience: usualPatience }
  const gpus = await device.gpus()
  const targets = await Promise.all(
    gpus.map(async ({ uuid }) => ({ gpu: uuid, wanted: await device.gpuInstances(uuid) })),
  )
  const made = await makeChange(context, targets, {
    why: 'bench',
    node: 'bench',
    nowSeconds: Date.now() / 1000,
    validSeconds: 3600,
  })
  await device.close()
  const plan = join(folder, `plan-${process.pid}.json`)
  writeFileSync(plan, JSON.stringify(made.file))
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
  const state = join(folder, `state-${process.pid}`)
  const figures = processMs([main, 'apply', plan, '--device', name, '--state-dir', state])
  const empty = processMs(['-e', '0'])
  rmSync(plan)
  rmSync(state, { recursive: true })
  return {
    noOpProcessMsP50: figures.p50,
    noOpProcessMsMax: figures.max,
    emptyProcessMsP50: empty.p50,
  }
}

async function nothingToDo(library) {
  const start = performance.now()
  const device = await openNvml({ library })
  const journal = openJournal(path, { now: () => Date.now() / 1000 })
  const context = { device, book: openBook(journal), sleep, patience: usualPatience }
  const gpus = await device.gpus()
  const targets = await Promise.all(
    gpus.map(async ({ uuid }) => ({ gpu: uuid, wanted: await device.gpuInstances(uuid) })),
  )
  const planned = await planChange(context, targets)
  const ended = await carryOut(context, planned.gpus ?? [], { why: 'bench' })
  journal.close()
  await device.close()
  return { noOpMs: performance.now() - start, noOpSteps: ended.steps }
}

async function noOp(library) {
  if (library === undefined) {
    const store = memoryStore(newNode([findGpuModel('a100-80gb')]))
    return noOpProcess(createSimulatedDevice({ store, sleep }), 'simulated:a100-80gb')
  }
  const inside = await nothingToDo(library)
  return { ...inside, ...(await noOpProcess(await openNvml({ library }), `nvml:${library}`)) }
}

try {
  const figures = {
    ...(await reconfigurations()),
    ...(await noOp(values.library)),
  }
  if (values.json) console.log(JSON.stringify(figures))
  else {
    for (const [name, value] of Object.entries(figures)) {
      console.log(`${name.padEnd(18)} ${Number.isInteger(value) ? value : value.toFixed(3)}`)
    }
  }
} finally {
  rmSync(values.folder === undefined ? folder : path, { recursive: true, force: true })
}
