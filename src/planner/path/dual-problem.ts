import { must } from '../../base/assert.ts'
import type { GpuSpace } from './gpu-space.ts'
import type { GpuStart } from './gpu-start.ts'
import { type LentSlots, lentSlotsOf } from './lent-slots.ts'
import type { Region } from './region.ts'
import type { RetrainingOption } from './retraining-option.ts'
import type { ServingStates } from './serving-states.ts'
import type { WindowTenant } from './window-tenant.ts'

/**
 * A version that a tenant may come to serve with: what one of its retrainings makes, or, where
 * several configurations were merged, the best of them in every slot (an upper bound).
 */
export type Version = {
  readonly accuracy: readonly number[]
  readonly accuracyTerminal: number
  /** Ways to make it; any will do. */
  readonly options: readonly RetrainingOption[]
}

/**
 * One tenant of the dual. Digit 0 stands for the deployed version, digit v for `versions[v - 1]`.
 */
export type DualTenant = {
  readonly tenant: WindowTenant
  /** Accuracy of the deployed version, per slot and after the window; or more (see freed). */
  readonly accuracy: readonly number[]
  readonly accuracyTerminal: number
  readonly versions: readonly Version[]
  /** How much the version index grows with this tenant's digit. */
  readonly stride: number
  /** answers[t * multisetCount + m], as in Region. */
  readonly answers: Float64Array
  readonly floorPrice: number
}

/** What the path dual of design 003 is computed for: one GPU and all tenants that use it. */
export type DualProblem = {
  readonly space: GpuSpace
  readonly states: ServingStates
  readonly slotCount: number
  readonly start: GpuStart
  readonly tenants: readonly DualTenant[]
  /** Combinations of the tenants' versions. */
  readonly versionCount: number
  /** What retraining is not charged for; all of it where an option is not listed. */
  readonly lent: ReadonlyMap<RetrainingOption, LentSlots>
  readonly handovers: DualHandovers | null
}

/** What is known of takeovers between inference workers; null where there are none. */
export type DualHandovers = {
  /** Positions of tenants that take over from nobody and give nothing away. */
  readonly fixed: readonly number[]
  /** The first boundary at which anybody can take over. */
  readonly fromSlot: number
}

/**
 * How closely the dual looks at a tenant's retraining: `full` tells its configurations apart,
 * `merged` takes the best of them in every slot for one, and `freed` has the new version as soon as
 * any retraining could be done, for nothing. Each is a relaxation of the one before it.
 */
export type VersionDetail = 'full' | 'merged' | 'freed'

/** The dual of a region that holds all tenants of its GPU. */
export function dualProblemOf(region: Region, details: readonly VersionDetail[]): DualProblem {
  const { states, gpu, model } = region
  let stride = 1
  const tenants = region.tenants.map((tenant, i): DualTenant => {
    const detailed = withDetail(tenant, versionsOf(tenant, region), must(details[i]))
    const floorPrice = region.floorPrices[tenant.index] ?? 0
    const own = { tenant, ...detailed, stride, answers: must(region.answers[i]), floorPrice }
    stride *= detailed.versions.length + 1
    return own
  })
  const { space } = gpu
  const { slotCount } = model
  const lent = new Map(
    region.tenants.flatMap(({ index, options }) =>
      options.map((option) => [option, lentSlotsOf(model, index, option)] as const),
    ),
  )
  const handovers = handoversOf(region)
  const { start } = region
  return { space, states, slotCount, start, tenants, versionCount: stride, lent, handovers }
}

function handoversOf({ swaps, tenants, gpu }: Region): DualHandovers | null {
  if (swaps === null) return null
  const positions = [...tenants.keys()]
  const mayMeet = (a: number, b: number) =>
    gpu.space.classes.some((_, kind) => swaps.mayTakeOver(kind, a, b))
  const fixed = positions.filter((a) => !positions.some((b) => mayMeet(a, b)))
  const warmUps = tenants.map(({ warmUpSlots }) => warmUpSlots)
  return { fixed, fromSlot: Math.max(1, Math.min(...warmUps)) }
}

/**
 * Duals of a region from one with about `nodesMax` joint states times versions at most to the full
 * one: what the first ones rule out need not be looked at in the later ones.
 */
export function dualLevelsOf(region: Region, nodesMax: number): readonly DualProblem[] {
  const levels: DualProblem[] = []
  const detailsOf = (detail: VersionDetail) => region.tenants.map(() => detail)
  for (const details of [detailsOf('full'), detailsOf('merged')]) {
    const problem = dualProblemOf(region, details)
    if (levels[0]?.versionCount !== problem.versionCount) levels.unshift(problem)
    if (problem.versionCount * problem.states.stateCount <= nodesMax) return levels
  }
  const details = detailsOf('merged')
  for (const i of byGain(region)) {
    details[i] = 'freed'
    const problem = dualProblemOf(region, details)
    if (problem.versionCount < must(levels[0]).versionCount) levels.unshift(problem)
    if (problem.versionCount * problem.states.stateCount <= nodesMax) break
  }
  return levels
}

/** Positions of tenants, those first whose retraining brings least. */
function byGain(region: Region): readonly number[] {
  const gains = region.tenants.map((tenant) => {
    const { accuracyDeployed } = tenant.tenant
    return Math.max(
      0,
      ...versionsOf(tenant, region).map(({ accuracy }) =>
        accuracy.reduce((sum, after, t) => sum + after - must(accuracyDeployed[t]), 0),
      ),
    )
  })
  return [...gains.keys()].sort((a, b) => must(gains[a]) - must(gains[b]))
}

function withDetail(
  { tenant }: WindowTenant,
  versions: readonly Version[],
  detail: VersionDetail,
): Pick<DualTenant, 'accuracy' | 'accuracyTerminal' | 'versions'> {
  const { accuracyDeployed, accuracyTerminal } = tenant
  const deployed = { accuracy: accuracyDeployed, accuracyTerminal }
  if (detail === 'full' || versions.length === 0) return { ...deployed, versions }
  const merged = versions.reduce(mergedVersion)
  if (detail === 'merged') return { ...deployed, versions: [merged] }
  const soonest = Math.min(...merged.options.map(({ slots }) => slots))
  return {
    accuracy: accuracyDeployed.map((own, t) =>
      t < soonest ? own : Math.max(own, must(merged.accuracy[t])),
    ),
    accuracyTerminal: Math.max(accuracyTerminal, merged.accuracyTerminal),
    versions: [],
  }
}

/** One version per configuration, of the options that can run on this GPU. */
function versionsOf({ options }: WindowTenant, { gpu }: Region): readonly Version[] {
  const byConfiguration = new Map<string, RetrainingOption[]>()
  for (const option of options) {
    if (!gpu.space.classes.includes(option.classIndex)) continue
    const own = byConfiguration.get(option.configurationId)
    if (own === undefined) byConfiguration.set(option.configurationId, [option])
    else own.push(option)
  }
  return [...byConfiguration.values()].map((own) => ({
    accuracy: must(own[0]).accuracyAfter,
    accuracyTerminal: must(own[0]).accuracyTerminal,
    options: own,
  }))
}

function mergedVersion(a: Version, b: Version): Version {
  return {
    accuracy: a.accuracy.map((accuracy, t) => Math.max(accuracy, must(b.accuracy[t]))),
    accuracyTerminal: Math.max(a.accuracyTerminal, b.accuracyTerminal),
    options: [...a.options, ...b.options],
  }
}
