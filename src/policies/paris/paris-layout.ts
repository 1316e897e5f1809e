import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { Site } from '../../core/site.ts'
import type { FixedInstance } from '../fixed-instance.ts'
import { gainingChoices, gainingTenants } from '../placing/gaining-choices.ts'
import { packer } from '../placing/packer.ts'
import {
  continuedBlocks,
  type RetrainingBlock,
  slotsToRetrain,
} from '../placing/retraining-choices.ts'
import { capacityRps, type SizeFigures, sizeFigures } from '../placing/size-figures.ts'
import type { Wanted } from '../placing/wanted.ts'
import { type SplitInstance, type SplitProblem, servedRatios } from './inference-split.ts'
import { splitBy } from './paris-split.ts'

export type ParisDemand = {
  /** By tenant. */
  readonly demandRps: readonly number[]
  /** Capacity over demand from which a tenant counts as served. */
  readonly servedMin: number
}

/**
 * A layout for PARIS with tenants that also retrain (our adapter): instances are reserved for those
 * who gain by retraining, for as many as leave everybody's mean load served, in turns over the
 * windows; the rest is split for inference. Retrainings that run stay where they are.
 */
export function parisLayout(
  problem: PlanningProblem,
  site: Site,
  { demandRps, servedMin }: ParisDemand,
): readonly FixedInstance[] {
  const figures = sizeFigures(problem)
  const staying = continuedBlocks(problem)
  const wanting = reservations(problem, figures)
  const everybody = problem.tenants.map((_, tenant) => tenant)
  const pool = { kind: 'pool', tenants: everybody } as const
  const kept = staying.map(({ place }): FixedInstance => ({ place, use: pool }))
  for (let count = wanting.length; count >= 0; count -= 1) {
    const reserved = wanting.slice(0, count)
    const split = layoutWith(problem, { site, figures, staying, demandRps }, reserved)
    if (split !== null && (count === 0 || split.leastServed >= servedMin))
      return [...kept, ...split.layout]
  }
  return kept
}

/**
 * The size that each tenant wants to retrain on: the smallest on which a configuration that gains
 * ends within the problem. Whose turn it is comes first.
 */
function reservations(problem: PlanningProblem, figures: SizeFigures): readonly Wanted[] {
  const ascending = figures.sizes.toReversed()
  return gainingTenants(problem).flatMap((tenantIndex): readonly Wanted[] => {
    const size = ascending.find((own) =>
      gainingChoices(problem, tenantIndex).some((choice) => {
        const slots = slotsToRetrain(problem, tenantIndex, choice, figures.classOf(own))
        return slots !== null && slots <= problem.slotCount
      }),
    )
    return size === undefined ? [] : [{ size, tenantIndex, role: 'retraining' }]
  })
}

type Context = {
  readonly site: Site
  readonly figures: SizeFigures
  readonly staying: readonly RetrainingBlock[]
  readonly demandRps: readonly number[]
}

/** The layout with these reservations, or null where they do not fit. */
function layoutWith(
  problem: PlanningProblem,
  { site, figures, staying, demandRps }: Context,
  reserved: readonly Wanted[],
): { readonly layout: readonly FixedInstance[]; readonly leastServed: number } | null {
  const room = packer(problem, staying, [])
  const gpuOf = room.distribute(reserved)
  if (gpuOf === null) return null
  const targets = room.gpus.map(({ fits }, gpu) => {
    const here = reserved.filter((_, i) => gpuOf[i] === gpu)
    const serving = (size: number) => wantedOf({ size, tenant: 0 })
    return { fits: (sizes: readonly number[]) => fits([...here, ...sizes.map(serving)]) }
  })
  const split: SplitProblem = {
    targets,
    sizes: figures.sizes.toReversed(),
    demandRps,
    capacityRps: (tenant, size) => {
      return capacityRps(must(problem.tenants[tenant]), figures.classOf(size))
    },
  }
  const instances = splitBy(problem, site, split)
  const places = room.gpus.map((own, gpu) => {
    const serving = must(instances[gpu]).map(wantedOf)
    const here = [...reserved.filter((_, i) => gpuOf[i] === gpu), ...serving]
    const placed = must(own.place(here), 'What fits can be placed')
    return placed.map(({ profile, start }, i): FixedInstance => {
      const { role, tenantIndex } = must(here[i])
      const place = { gpu, profileId: profile.profileId, start }
      const tenants = problem.tenants.map((_, tenant) => tenant)
      const pool = { kind: 'pool', tenants } as const
      const use =
        role === 'retraining' ? pool : ({ kind: 'inference', tenant: tenantIndex } as const)
      return { place, use }
    })
  })
  const [leastServed = 0] = servedRatios(split, instances.flat())
  return { layout: places.flat(), leastServed }
}

function wantedOf({ size, tenant }: SplitInstance): Wanted {
  return { size, tenantIndex: tenant, role: 'inference' }
}
