import { must } from '../../base/assert.ts'
import type { GpuSpace } from './gpu-space.ts'
import type { GpuStart } from './gpu-start.ts'
import type { JointStates } from './joint-states.ts'
import type { Region } from './region.ts'
import type { RetrainingOption } from './retraining-option.ts'
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
  readonly states: JointStates
  readonly slotCount: number
  readonly start: GpuStart
  readonly tenants: readonly DualTenant[]
  /** Combinations of the tenants' versions. */
  readonly versionCount: number
}

/**
 * The dual of a region that holds all tenants of its GPU. Configurations of a tenant are merged
 * where joint states times versions would be more than `nodesMax`.
 */
export function dualProblemOf(region: Region, nodesMax: number): DualProblem {
  const { states, gpu, model } = region
  const versions = mergedUntil(
    region.tenants.map((tenant) => versionsOf(tenant, region)),
    Math.max(1, nodesMax / states.stateCount),
  )
  let stride = 1
  const tenants = region.tenants.map((tenant, i): DualTenant => {
    const own = { tenant, versions: must(versions[i]), stride }
    stride *= own.versions.length + 1
    const floorPrice = region.floorPrices[tenant.index] ?? 0
    return { ...own, answers: must(region.answers[i]), floorPrice }
  })
  const { space } = gpu
  const { slotCount } = model
  return { space, states, slotCount, start: region.start, tenants, versionCount: stride }
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

/** Merges the versions that are most alike until there are few enough combinations. */
function mergedUntil(
  versions: readonly (readonly Version[])[],
  countMax: number,
): readonly (readonly Version[])[] {
  const count = versions.reduce((product, own) => product * (own.length + 1), 1)
  if (count <= countMax) return versions
  let best: { readonly tenant: number; readonly a: number; readonly b: number } | null = null
  let least = Number.POSITIVE_INFINITY
  for (const [tenant, own] of versions.entries()) {
    for (let b = 1; b < own.length; b += 1) {
      for (let a = 0; a < b; a += 1) {
        const apart = distance(must(own[a]), must(own[b]))
        if (apart < least) {
          least = apart
          best = { tenant, a, b }
        }
      }
    }
  }
  if (best === null) return versions
  const { tenant, a, b } = best
  const merged = versions.map((own, index) => {
    if (index !== tenant) return own
    const rest = own.filter((_, v) => v !== a && v !== b)
    return [...rest, mergedVersion(must(own[a]), must(own[b]))]
  })
  return mergedUntil(merged, countMax)
}

function mergedVersion(a: Version, b: Version): Version {
  return {
    accuracy: a.accuracy.map((accuracy, t) => Math.max(accuracy, must(b.accuracy[t]))),
    accuracyTerminal: Math.max(a.accuracyTerminal, b.accuracyTerminal),
    options: [...a.options, ...b.options],
  }
}

function distance(a: Version, b: Version): number {
  return a.accuracy.reduce((sum, accuracy, t) => sum + Math.abs(accuracy - must(b.accuracy[t])), 0)
}

/** The digit of a tenant in a combination of versions. */
export function digitOf({ stride, versions }: DualTenant, v: number): number {
  return Math.floor(v / stride) % (versions.length + 1)
}
