import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { enumerateLayouts, isSameLayout, type Layout } from '../../src/core/mig/layout.ts'
import { allPlacements, baseProfileIds } from '../../src/core/mig/placement.ts'
import { drawFaults } from '../../src/devices/simulated/faults.ts'
import { layoutOf } from '../../src/devices/simulated/gpu.ts'
import { withClient, withoutClient } from '../../src/devices/simulated/node.ts'
import { carryOut, planChange, type Wanted, wantedOf } from '../../src/reconfigure/change-layout.ts'
import { recover } from '../../src/reconfigure/recover.ts'
import { type Bench, reconfigureBench } from '../reconfigure-bench.ts'

/** What a seed came to: the rules that were broken, in sentences, and what was tried. */
export type SwarmResult = {
  readonly breaches: readonly string[]
  readonly log: readonly string[]
}

const actionsMax = 30
const models = ['a30', 'a100-40gb', 'h100-80gb', 'rtx-pro-6000']

/**
 * One GPU in a bad neighbourhood. First, under faults, crashes, clients, other programs and reboots
 * no rule may break; then all of that ends, and the next change has to go through.
 */
export async function swarm(seed: number): Promise<SwarmResult> {
  const rng = new Rng(seed, 'reconfigure-swarm')
  const bench = await reconfigureBench(must(models[rng.integer(models.length)]))
  const world: World = { bench, rng, theirs: [], log: [] }
  const breaches: string[] = []
  for (let i = 0; i < actionsMax && breaches.length === 0; i += 1) {
    await must(actions[rng.integer(actions.length)])(world)
    const told = await bench.disagreements(world.theirs)
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
}

const actions: readonly ((world: World) => Promise<void>)[] = [
  change,
  change,
  change,
  changeAndCrash,
  changeAndCrash,
  restart,
  restart,
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
  const ended = await changeTo(world, target, crash)
  world.log.push(`change to ${print(target)}, killed ${crash.when} entry ${crash.entry}: ${ended}`)
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

async function reboot({ bench, theirs, log }: World): Promise<void> {
  log.push('reboot')
  theirs.length = 0
  await bench.change((node) => ({
    ...node,
    faults: [],
    gpus: node.gpus.map((gpu) => ({ ...gpu, instances: [], clients: [], lingering: 0 })),
  }))
  await recover(bench.start(), bench.gpus)
}

/** After the faults: journal and GPU agree with nothing open, and a change goes through. */
async function calmDown(world: World): Promise<readonly string[]> {
  const { bench, theirs, log } = world
  await bench.change((node) => ({
    ...node,
    faults: [],
    gpus: node.gpus.map((gpu) => ({ ...gpu, clients: [], lingering: 0 })),
  }))
  await restart(world)
  const { open, stuck } = bench.start().book.ledger()
  const breaches = [...(await bench.disagreements(theirs))]
  if (open.length > 0) breaches.push(`${open.length} operations stay open`)
  if (stuck.length > 0) breaches.push(`${stuck.length} places stay stuck`)
  const target = pickLayout(world)
  const ended = await changeTo(world, target)
  log.push(`calm, change to ${print(target)}: ${ended}`)
  const gpu = must((await bench.store.read()).gpus[0])
  if (ended !== 'done') breaches.push(`in calm the change is ${ended}`)
  else if (!isSameLayout(layoutOf(gpu), target)) breaches.push('in calm the layout is another')
  return [...breaches, ...(await bench.disagreements(theirs))]
}

async function changeTo(
  { bench }: World,
  target: Layout,
  crash?: { readonly entry: number; readonly when: 'before' | 'after' },
): Promise<string> {
  const context = bench.start(crash === undefined ? {} : { crash })
  try {
    const targets = [{ gpu: must(bench.gpus[0]), wanted: wantedOf(target) }]
    const planned = await planChange(context, targets)
    if (planned.kind === 'refused') return `refused, ${planned.refusals[0]?.kind}`
    const ended = await carryOut(context, planned.gpus, { why: 'swarm' })
    return ended.kind === 'failed' ? ended.result : ended.kind
  } catch (error) {
    if (error instanceof Error && (error.name === 'Killed' || error.name === 'DeviceError')) {
      return error.name
    }
    throw error
  }
}

/** Any layout that keeps what another program has made. */
function pickLayout({ bench, rng, theirs }: World): Layout {
  const { model } = bench
  const kept = theirs.map(({ profileId, placement }) => ({
    profile: must(model.profiles.find((own) => own.profileId === profileId)),
    start: placement.start,
  }))
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
