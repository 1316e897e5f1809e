// Our own time for a reconfiguration, beyond the device's calls: planning its steps, journalling each
// on the disk, and everything between. Every ordered pair of the maximal layouts of an A100, on a
// simulated GPU that takes no time, with a journal in --folder (default: a new one in the temporary
// folder). Time inside device calls is taken off.
//
//   npm run bench:execute -- [--json] [--folder DIR] [--library libnvidia-ml.so.1] [--clock cpu]
//
// `--clock cpu` counts processor time instead, of all threads, for a machine that others use too;
// waiting for the disk is then left out. Then `migrator apply` of a saved plan that finds nothing to do, as a process from its start to its
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
    clock: { type: 'string', default: 'wall' },
  },
})

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'migrator-bench-execute-'))
const path = join(folder, `bench-${process.pid}.db`)
const sleep = async () => {}
const isCpu = values.clock === 'cpu'

/** Milliseconds by the chosen clock. */
function clockMs() {
  if (!isCpu) return performance.now()
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** The device with the milliseconds that passed inside its calls; calls side by side count once. */
function timed(device) {
  const clock = { inside: 0, running: 0, since: 0 }
  const wrap =
    (call) =>
    async (...given) => {
      if (clock.running === 0) clock.since = clockMs()
      clock.running += 1
      try {
        return await call(...given)
      } finally {
        clock.running -= 1
        if (clock.running === 0) clock.inside += clockMs() - clock.since
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
    const [start, inside] = [clockMs(), clock.inside]
    const planned = await planChange(context, [{ gpu, wanted: wantedOf(layout) }])
    const ended = await carryOut(context, planned.gpus, { why: 'bench' })
    const ms = clockMs() - start - (clock.inside - inside)
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

/** Median and largest milliseconds of a process. */
function processMs(words) {
  const ms = Array.from({ length: runs }, () => {
    const start = performance.now()
    // The shell's `times` tells, in its last line, the processor time of what it has run.
    const timed = ['-c', '"$0" "$@" > /dev/null && times', process.execPath, ...words]
    const [program, given] = isCpu ? ['sh', timed] : [process.execPath, words]
    const { status, stdout, stderr } = spawnSync(program, given, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    return isCpu ? childMs(stdout) : performance.now() - start
  })
  ms.sort((a, b) => a - b)
  return { p50: ms[Math.floor(runs / 2)], max: ms.at(-1) }
}

/** `0m0.18s 0m0.04s`: user and system time. */
function childMs(text) {
  const found = text
    .trim()
    .split('\n')
    .at(-1)
    .matchAll(/(\d+)m([\d.]+)s/g)
  return [...found].reduce(
    (sum, [, minutes, seconds]) => sum + 60_000 * minutes + 1000 * seconds,
    0,
  )
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
  const start = clockMs()
  const device = await openNvml({ library })
  const journal = openJournal(join(folder, `no-op-${process.pid}.db`), {
    now: () => Date.now() / 1000,
  })
  const context = { device, book: openBook(journal), sleep, patience: usualPatience }
  const gpus = await device.gpus()
  const targets = await Promise.all(
    gpus.map(async ({ uuid }) => ({ gpu: uuid, wanted: await device.gpuInstances(uuid) })),
  )
  const planned = await planChange(context, targets)
  const ended = await carryOut(context, planned.gpus ?? [], { why: 'bench' })
  journal.close()
  await device.close()
  return { noOpMs: clockMs() - start, noOpSteps: ended.steps }
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
