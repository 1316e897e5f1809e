import { must } from '../src/base/assert.ts'
import type { Rng } from '../src/base/rng.ts'
import type { GpuModel } from '../src/core/mig/gpu-model.ts'
import { checkLayout } from '../src/core/mig/layout.ts'
import { allPlacements, baseProfileIds, type PlacedProfile } from '../src/core/mig/placement.ts'
import {
  type Plan,
  type PlannedInstance,
  placeOfShare,
  type Role,
  type Tenure,
} from '../src/core/plan/plan.ts'

type Held = { gpu: number; placed: PlacedProfile; from: number; until: number; tenure: Tenure }

/**
 * A legal plan drawn at random: blocks of one to all slots (a second each), placed wherever nothing
 * else is in any of their slots, at most one retraining a tenant. `existing` names instances that it
 * may continue from its start on.
 */
export function randomLayoutPlan(
  rng: Rng,
  options: {
    readonly gpus: readonly GpuModel[]
    readonly tenants: readonly string[]
    readonly startSeconds: number
    readonly slots: number
    readonly blocks: number
    readonly existing: readonly {
      readonly id: string
      readonly gpu: number
      readonly profileId: number
      readonly start: number
    }[]
  },
): Plan {
  const { gpus, startSeconds, slots, existing } = options
  const held: Held[] = []
  const training = new Set<string>()
  for (let i = 0; i < options.blocks; i += 1) {
    const gpu = rng.integer(gpus.length)
    const model = must(gpus[gpu])
    const placements = allPlacements(model, baseProfileIds(model))
    const placed = must(placements[rng.integer(placements.length)])
    const from = rng.uniform() < 0.3 ? 0 : rng.integer(slots)
    const until = rng.uniform() < 0.3 ? slots : from + 1 + rng.integer(slots - from)
    const tenant = must(options.tenants[rng.integer(options.tenants.length)])
    const trains = rng.uniform() < 0.3 && !training.has(tenant)
    const fits = Array.from({ length: until - from }, (_, t) => from + t).every((slot) => {
      const beside = held.filter((h) => h.gpu === gpu && h.from <= slot && slot < h.until)
      return checkLayout(model, [...beside.map((h) => h.placed), placed]) === null
    })
    if (!fits) continue
    if (trains) training.add(tenant)
    const tenure = tenureOf({
      tenant,
      trains,
      from: startSeconds + from,
      until: startSeconds + until,
    })
    held.push({ gpu, placed, from, until, tenure })
  }
  const instances = instancesOf(gpus, held, existing)
  return {
    policy: 'random',
    mechanism: gpus.some(({ sharing }) => sharing) ? 'mps' : 'mig',
    startSeconds,
    endSeconds: startSeconds + slots,
    stateHash: '',
    overhead: 'aware',
    instances,
  }
}

function tenureOf(block: { tenant: string; trains: boolean; from: number; until: number }): Tenure {
  const { tenant, trains, from, until } = block
  const role: Role = trains
    ? { kind: 'retraining', configurationId: 'full', resumes: false }
    : { kind: 'inference' }
  return {
    tenant,
    role,
    initialiseFromSeconds: from,
    serveFromSeconds: Math.min(until, from + 3),
    until: trains
      ? { kind: 'retraining-done', expectedSeconds: until, latestSeconds: until }
      : { kind: 'time', atSeconds: until },
  }
}

/** Blocks on one placement that follow each other directly are tenures of one instance. */
function instancesOf(
  gpus: readonly GpuModel[],
  held: readonly Held[],
  existing: Parameters<typeof randomLayoutPlan>[1]['existing'],
): readonly PlannedInstance[] {
  const instances: (Omit<PlannedInstance, 'tenures'> & { tenures: Tenure[]; until: number })[] = []
  for (const block of [...held].sort((a, b) => a.from - b.from)) {
    const { gpu, placed, from, until, tenure } = block
    const { profileId } = placed.profile
    const { start } = placed
    const share =
      must(gpus[gpu]).sharing === undefined
        ? { kind: 'mig' as const, profileId, start }
        : { kind: 'mps' as const, percent: profileId, client: start }
    const before = instances.find(
      (own) =>
        own.gpu === gpu &&
        own.until === from &&
        placeOfShare(own.share).profileId === profileId &&
        placeOfShare(own.share).start === start,
    )
    if (before !== undefined) {
      before.tenures.push(tenure)
      before.until = until
      continue
    }
    const found = existing.find(
      (own) => own.gpu === gpu && own.profileId === profileId && own.start === start,
    )
    instances.push({
      id: `i${instances.length}`,
      gpu,
      share,
      existing: from === 0 ? (found?.id ?? null) : null,
      tenures: [tenure],
      until,
    })
  }
  return instances.map(({ until: _, ...instance }) => instance)
}
