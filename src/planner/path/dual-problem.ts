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
  const countMax = Math.max(1, nodesMax / states.stateCount)
  const given = region.tenants.map((tenant, i): Omit<DualTenant, 'stride'> => {
    const { accuracyDeployed, accuracyTerminal } = tenant.tenant
    const versions = versionsOf(tenant, region)
    const floorPrice = region.floorPrices[tenant.index] ?? 0
    const answers = must(region.answers[i])
    return { tenant, accuracy: accuracyDeployed, accuracyTerminal, versions, answers, floorPrice }
  })
  const merged = mergedUntil(
    given.map(({ versions }) => versions),
    countMax,
  )
  const freed = freedUntil(
    given.map((own, i) => ({ ...own, versions: must(merged[i]) })),
    countMax,
  )
  let stride = 1
  const tenants = freed.map((own): DualTenant => {
    const tenant = { ...own, stride }
    stride *= own.versions.length + 1
    return tenant
  })
  const { space } = gpu
  const { slotCount } = model
  return { space, states, slotCount, start: region.start, tenants, versionCount: stride }
}

function combinations(tenants: readonly { readonly versions: readonly Version[] }[]): number {
  return tenants.reduce((product, { versions }) => product * (versions.length + 1), 1)
}

/**
 * Frees tenants, those with the least to gain first, until there are few enough combinations: a
 * freed tenant has its new version as soon as any retraining could be done, and pays nothing.
 */
function freedUntil(
  tenants: readonly Omit<DualTenant, 'stride'>[],
  countMax: number,
): readonly Omit<DualTenant, 'stride'>[] {
  if (combinations(tenants) <= countMax) return tenants
  const gains = tenants.map(({ versions, accuracy, accuracyTerminal }) => {
    const deployed = { accuracy, accuracyTerminal, options: [] }
    const gain = Math.max(0, ...versions.map((version) => distance(version, deployed)))
    return versions.length === 0 ? Number.POSITIVE_INFINITY : gain
  })
  const least = gains.indexOf(Math.min(...gains))
  return freedUntil(
    tenants.map((own, i) => (i === least ? freed(own) : own)),
    countMax,
  )
}

function freed(own: Omit<DualTenant, 'stride'>): Omit<DualTenant, 'stride'> {
  const { versions, accuracy, accuracyTerminal } = own
  return {
    ...own,
    versions: [],
    accuracy: accuracy.map((deployed, t) =>
      Math.max(deployed, ...versions.map((version) => soonest(version, t))),
    ),
    accuracyTerminal: Math.max(accuracyTerminal, ...versions.map((v) => v.accuracyTerminal)),
  }
}

function soonest({ accuracy, options }: Version, t: number): number {
  return options.some(({ slots }) => slots <= t) ? must(accuracy[t]) : 0
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
  if (combinations(versions.map((own) => ({ versions: own }))) <= countMax) return versions
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
