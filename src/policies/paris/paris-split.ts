import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { Site } from '../../core/site.ts'
import { meanRps, sizeFigures } from '../placing/size-figures.ts'
import { formedBatches, observedBatches } from './formed-batches.ts'
import { type SplitInstance, type SplitProblem, splitForInference } from './inference-split.ts'
import { type BatchDistribution, idealInstanceCounts } from './instance-counts.ts'
import { kneeBatches } from './knees.ts'
import { packInstances } from './pack.ts'
import type { SizeProfile } from './size-profile.ts'

/**
 * The instances that serve. A single tenant, PARIS's own case, gets them by its batch distribution
 * wherever that answers its demand; several are served in proportion to their demand.
 */
export function splitBy(
  problem: PlanningProblem,
  site: Site,
  split: SplitProblem,
): readonly (readonly SplitInstance[])[] {
  if (problem.tenants.length !== 1) return splitForInference(split)
  return singleTenantSplit(problem, site, split) ?? splitForInference(split)
}

function singleTenantSplit(
  problem: PlanningProblem,
  site: Site,
  split: SplitProblem,
): readonly (readonly SplitInstance[])[] | null {
  const profiles = profilesOf(problem, site, split.sizes)
  const itemsMax = Math.max(0, ...must(site.tenants[0]).serving.map((own) => own?.itemsMax ?? 0))
  if (profiles.length === 0 || itemsMax === 0) return null
  const distribution = batchesOf(problem, { profiles, itemsMax })
  const slices = problem.gpus.reduce((sum, { model }) => sum + model.computeSlices, 0)
  const knees = kneeBatches(profiles, itemsMax)
  const counts = idealInstanceCounts(profiles, knees, distribution, slices)
  const ideal = profiles.map(({ size }, i) => ({ size, count: must(counts[i]) }))
  const packed = packInstances(split.targets, ideal)
  return packed.map((sizes) => sizes.map((size) => ({ size, tenant: 0 })))
}

/** Sizes on which the tenant can serve, ascending, with what was measured there. */
function profilesOf(
  problem: PlanningProblem,
  site: Site,
  sizes: readonly number[],
): readonly SizeProfile[] {
  const { classOf } = sizeFigures(problem)
  const { figures, serving } = must(site.tenants[0])
  return sizes.flatMap((size) => {
    const points = figures[classOf(size)] ?? null
    const isServed = (serving[classOf(size)] ?? null) !== null
    return points === null || !isServed ? [] : [{ size, points }]
  })
}

/** Queries that come as batches are known by those that came; else what a server would form. */
function batchesOf(
  problem: PlanningProblem,
  { profiles, itemsMax }: { readonly profiles: readonly SizeProfile[]; readonly itemsMax: number },
): BatchDistribution {
  const tenant = must(problem.tenants[0])
  const { observedItems } = tenant
  if (observedItems !== undefined) return observedBatches(observedItems, itemsMax)
  const largest = must(profiles.at(-1))
  const slices = problem.gpus.reduce((sum, { model }) => sum + model.computeSlices, 0)
  const rate = (meanRps(tenant) * tenant.itemsPerRequest * largest.size) / slices
  return formedBatches(largest, rate, itemsMax)
}
