import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { enumerateLayouts, isSameLayout, type Layout } from '../../src/core/mig/layout.ts'
import { allPlacements, baseProfileIds } from '../../src/core/mig/placement.ts'
import { drawFaults } from '../../src/devices/simulated/faults.ts'
import { layoutOf } from '../../src/devices/simulated/gpu.ts'
import { withClient, withoutClient } from '../../src/devices/simulated/node.ts'
import { applyChange, type ChangeFile, makeChange } from '../../src/reconfigure/change-file.ts'
import {
  carryOut,
  planChange,
  type Target,
  type Wanted,
  wantedOf,
} from '../../src/reconfigure/change-layout.ts'
import { readInventory } from '../../src/reconfigure/inventory.ts'
import { recover } from '../../src/reconfigure/recover.ts'
import { type Bench, type Limits, reconfigureBench } from '../reconfigure-bench.ts'

/** What a seed came to: the rules that were broken, in sentences, and what was tried. */
export type SwarmResult = {
  readonly breaches: readonly string[]
  readonly log: readonly string[]
}

const actionsMax = 30
const models = ['a30', 'a100-40gb', 'h100-80gb', 'rtx-pro-6000']

/**
 * One GPU in a bad neighbourhood. First, under faults, slow calls, crashes, full disks, clocks that
 * jump, clients, other programs, a second migrator and reboots no rule may break; then all of that
 * ends, and the next change has to go through.
 */
export async function swarm(seed: number): Promise<SwarmResult> {
  const rng = new Rng(seed, 'reconfigure-swarm')
  const bench = await reconfigureBench(must(models[rng.integer(models.length)]))
  const second = await reconfigureBench(bench.model.id, 1, bench)
  const clock = { seconds: 1_000_000, saved: null }
  const world: World = { bench, second, rng, theirs: [], log: [], clock, breaches: [] }
  const breaches: string[] = []
  for (let i = 0; i < actionsMax && breaches.length === 0; i += 1) {
    await must(actions[rng.integer(actions.length)])(world)
    const told = [...world.breaches, ...(await disagreementsOf(world))]
    breaches.push(...told.map((breach) => `after ${world.log.at(-1)}: ${breach}`))
  }
  if (breaches.length === 0) breaches.push(...(await calmDown(world)))
  return { breaches, log: world.log }
}

type World = {
  readonly bench: Bench
  readonly rng: Rng
  /** Instances that another program has made. */
  readonly theirs: Wanted[]
  readonly log: string[]
  /** A migrator with a journal of its own on the same GPU, as if there were no locks. */
  readonly second: Bench
  /** The wall clock, and a change that was saved by it. */
  readonly clock: { seconds: number; saved: ChangeFile | null }
  /** Rules that an action saw broken. */
  readonly breaches: string[]
}

const actions: readonly ((world: World) => Promise<void>)[] = [
  change,
  change,
  change,
  changeAndCrash,
  changeAndCrash,
  changeOnFullDisk,
  restart,
  restart,
  secondMigratorChanges,
  jumpClock,
  saveChange,
  applySaved,
  async ({ bench, rng, log }) => {
    const faults = drawFaults(rng, { count: 1 + rng.integer(4), calls: 12 })
    log.push(`faults ${faults.map(({ call, code }) => `${call} ${code}`).join(', ')}`)
    await bench.change((node) => ({ ...node, faults: [...node.faults, ...faults] }))
  },
  async ({ bench, log }) => {
    log.push('faults end')
    await bench.change((node) => ({ ...node, faults: [] }))
  },
  attach,
  leave,
  anotherProgramCreates,
  anotherProgramDestroys,
  reboot,
]

async function change(world: World): Promise<void> {
  const target = pickLayout(world)
  world.log.push(`change to ${print(target)}: ${await changeTo(world, target)}`)
}

async function changeAndCrash(world: World): Promise<void> {
  const { rng } = world
  const target = pickLayout(world)
  const crash = {
    entry: 1 + rng.integer(20),
    when: rng.uniform() < 0.5 ? 'before' : 'after',
  } as const
  const ended = await changeTo(world, target, { crash })
  world.log.push(`change to ${print(target)}, killed ${crash.when} entry ${crash.entry}: ${ended}`)
}

async function changeOnFullDisk(world: World): Promise<void> {
  const { rng } = world
  const target = pickLayout(world)
  const fullDisk = { entry: 1 + rng.integer(15), count: 1 + rng.integer(6) }
  const ended = await changeTo(world, target, { fullDisk })
  const which = `${fullDisk.count} from entry ${fullDisk.entry}`
  world.log.push(`change to ${print(target)}, disk full for ${which}: ${ended}`)
}

async function jumpClock({ rng, clock, log }: World): Promise<void> {
  const seconds = Math.round((rng.uniform() - 0.5) * 10 ** (1 + rng.integer(6)))
  clock.seconds += seconds
  log.push(`the clock jumps by ${seconds} s`)
}

const validSeconds = 1000

async function saveChange(world: World): Promise<void> {
  const { bench, clock, log } = world
  const target = pickLayout(world)
  const wanted = [{ gpu: must(bench.gpus[0]), wanted: wantedOf(target) }]
  const options = { why: 'saved', node: 'swarm', nowSeconds: clock.seconds, validSeconds }
  const made = await settled(() => makeChange(bench.start(), wanted, options))
  if (typeof made !== 'string' && made.kind === 'made') clock.saved = made.file
  log.push(`save ${print(target)}: ${typeof made === 'string' ? made : made.kind}`)
}

async function applySaved(world: World): Promise<void> {
  const { bench, clock, log, breaches } = world
  const { saved, seconds: nowSeconds } = clock
  if (saved === null) return void log.push('nothing is saved')
  const options = { nowSeconds, isDryRun: false }
  const ended = await settled(() => applyChange(bench.start(), saved, options))
  const kind = typeof ended === 'string' ? ended : ended.kind
  const age = nowSeconds - saved.madeAtSeconds
  log.push(`apply what was saved ${age} s ago: ${kind}`)
  const isValid = age >= -5 && age <= validSeconds
  if (!isValid && ['done', 'failed'].includes(kind)) breaches.push('a void change was begun')
}

/** One after the other, as the locks make them; each takes the other for a stranger. */
async function secondMigratorChanges(world: World): Promise<void> {
  const { bench, second, rng, log } = world
  const { open, stuck } = bench.start().book.ledger()
  // What is half done looks like nobody's, to whoever comes in between.
  if (open.length + stuck.length > 0) return void log.push('a second migrator waits')
  const { faults } = await bench.store.read()
  await bench.change((node) => ({ ...node, faults: [] }))
  const context = second.start()
  await recover(context, second.gpus)
  const gpu = must(second.gpus[0])
  const { owned, unknown } = await readInventory(context, gpu)
  const free = enumerateLayouts(bench.model, baseProfileIds(bench.model)).filter((layout) =>
    unknown.every((own) => holds(layout, own)),
  )
  const target = rng.uniform() < 0.4 ? undefined : free[rng.integer(Math.max(1, free.length))]
  const wanted = target === undefined ? unknown : wantedOf(target)
  const ended = await changeOn(second, { gpu, wanted })
  await bench.change((node) => ({ ...node, faults }))
  log.push(`a second migrator, which has ${owned.length}, changes: ${ended}`)
}

function holds(layout: Layout, { profileId, placement }: Wanted): boolean {
  return layout.placed.some(
    ({ profile, start }) => profile.profileId === profileId && start === placement.start,
  )
}

/** Of both migrators, each with what the other has for somebody else's. */
async function disagreementsOf({ bench, second, theirs }: World): Promise<readonly string[]> {
  const ours = bench.start().book.ledger()
  const others = second.start().book.ledger()
  const told = await bench.disagreements([...theirs, ...others.owned])
  const halves = [...ours.open.map(({ place }) => place), ...ours.stuck]
  const seen = await second.disagreements([...theirs, ...ours.owned, ...halves])
  // Our half-done and lost ones are for our journal to tell of.
  const own = seen.filter((breach) => !breach.includes("nobody's") && !breach.includes('destroyed'))
  return [...told, ...own.map((breach) => `second migrator: ${breach}`)]
}

async function settled<T>(run: () => Promise<T>): Promise<T | string> {
  try {
    return await run()
  } catch (error) {
    const name = error instanceof Error ? error.name : ''
    if (['Killed', 'DeviceError', 'DiskFull'].includes(name)) return name
    throw error
  }
}

async function restart({ bench, log }: World): Promise<void> {
  const report = await recover(bench.start(), bench.gpus)
  const counts = Object.entries(report).map(([name, { length }]) => `${name} ${length}`)
  log.push(`restart: ${counts.join(', ')}`)
}

async function attach({ bench, rng, log }: World): Promise<void> {
  const gpu = must(bench.gpus[0])
  const instances = (await bench.store.read()).gpus[0]?.instances ?? []
  const host = instances[rng.integer(Math.max(1, instances.length))]
  if (host === undefined) return void log.push('nobody attaches')
  const isMonitor = rng.uniform() < 0.3
  const inner = isMonitor ? undefined : host.computeInstances[0]
  const client = { pid: 1 + rng.integer(4), memoryMiB: 1, isMonitor }
  const place = { gpuInstanceId: host.id, computeInstanceId: inner?.id ?? null }
  log.push(`client ${client.pid} on ${host.id}`)
  await bench.change((node) => withClient(node, gpu, { ...client, ...place }))
}

async function leave({ bench, rng, log }: World): Promise<void> {
  const gpu = must(bench.gpus[0])
  const [pid, lingering] = [1 + rng.integer(4), rng.integer(3)]
  log.push(`client ${pid} leaves, lingering ${lingering}`)
  await bench.change((node) => withoutClient(node, gpu, pid, lingering))
}

/** Behind our back, but not where an operation of ours is open: that would be taken for ours. */
async function anotherProgramCreates({ bench, rng, theirs, log }: World): Promise<void> {
  const gpu = must(bench.gpus[0])
  const places = allPlacements(bench.model, baseProfileIds(bench.model))
  const { profile, start } = must(places[rng.integer(places.length)])
  const wanted = { profileId: profile.profileId, placement: { start, size: profile.size } }
  const { open, stuck } = bench.start().book.ledger()
  const isOurs = [...open.map(({ place }) => place), ...stuck].some(
    ({ placement }) =>
      placement.start < start + profile.size && start < placement.start + placement.size,
  )
  if (isOurs) return void log.push('another program finds no place')
  const { faults } = await bench.store.read()
  await bench.change((node) => ({ ...node, faults: [] }))
  const made = await bench.device.createGpuInstance(gpu, wanted).catch(() => null)
  await bench.change((node) => ({ ...node, faults }))
  if (made !== null) theirs.push(wanted)
  log.push(`another program creates ${profile.name} at ${start}: ${made !== null}`)
}

async function anotherProgramDestroys({ bench, theirs, log }: World): Promise<void> {
  const gone = theirs.pop()
  if (gone === undefined) return void log.push('another program has nothing')
  log.push(`another program destroys ${gone.profileId} at ${gone.placement.start}`)
  await bench.change((node) => ({
    ...node,
    gpus: node.gpus.map((gpu) => ({
      ...gpu,
      instances: gpu.instances.filter(
        (own) => own.placement.start !== gone.placement.start || own.profileId !== gone.profileId,
      ),
    })),
  }))
}

async function reboot({ bench, second, theirs, log }: World): Promise<void> {
  log.push('reboot')
  theirs.length = 0
  await bench.change((node) => ({
    ...node,
    faults: [],
    gpus: node.gpus.map((gpu) => ({ ...gpu, instances: [], clients: [], lingering: 0 })),
  }))
  await recover(bench.start(), bench.gpus)
  await recover(second.start(), second.gpus)
}

/** After the faults: journal and GPU agree with nothing open, and a change goes through. */
async function calmDown(world: World): Promise<readonly string[]> {
  const { bench, log } = world
  await bench.change((node) => ({
    ...node,
    faults: [],
    gpus: node.gpus.map((gpu) => ({ ...gpu, clients: [], lingering: 0 })),
  }))
  await restart(world)
  const { open, stuck } = bench.start().book.ledger()
  const breaches = [...(await disagreementsOf(world))]
  if (open.length > 0) breaches.push(`${open.length} operations stay open`)
  if (stuck.length > 0) breaches.push(`${stuck.length} places stay stuck`)
  const target = pickLayout(world)
  const ended = await changeTo(world, target)
  log.push(`calm, change to ${print(target)}: ${ended}`)
  const gpu = must((await bench.store.read()).gpus[0])
  if (ended !== 'done') breaches.push(`in calm the change is ${ended}`)
  else if (!isSameLayout(layoutOf(gpu), target)) breaches.push('in calm the layout is another')
  return [...breaches, ...(await disagreementsOf(world))]
}

async function changeTo({ bench }: World, target: Layout, limits: Limits = {}): Promise<string> {
  return changeOn(bench, { gpu: must(bench.gpus[0]), wanted: wantedOf(target) }, limits)
}

async function changeOn(bench: Bench, target: Target, limits: Limits = {}): Promise<string> {
  return settled(async () => {
    const context = bench.start(limits)
    const planned = await planChange(context, [target])
    if (planned.kind === 'refused') return `refused, ${planned.refusals[0]?.kind}`
    const ended = await carryOut(context, planned.gpus, { why: 'swarm' })
    return ended.kind === 'failed' ? ended.result : ended.kind
  })
}

/** Any layout that keeps what another program has made. */
function pickLayout({ bench, second, rng, theirs }: World): Layout {
  const { model } = bench
  const kept = [...theirs, ...second.start().book.ledger().owned].map(
    ({ profileId, placement }) => ({
      profile: must(model.profiles.find((own) => own.profileId === profileId)),
      start: placement.start,
    }),
  )
  const fitting = enumerateLayouts(model, baseProfileIds(model)).filter(({ placed }) =>
    kept.every(({ profile, start }) =>
      placed.some((own) => own.profile === profile && own.start === start),
    ),
  )
  return must(fitting[rng.integer(fitting.length)], 'Nothing that keeps theirs')
}

function print({ placed }: Layout): string {
  return placed.map(({ profile, start }) => `${profile.name}@${start}`).join(' ') || 'nothing'
}
