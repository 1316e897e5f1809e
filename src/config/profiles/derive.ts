import { must } from '../../base/assert.ts'
import { findGpuModel } from '../../core/mig/catalog.ts'
import type { GpuInstanceProfile } from '../../core/mig/profile.ts'
import type { Derivation } from '../schema/profile-schema.ts'
import {
  asDerived,
  findRow,
  type ProfileLibrary,
  type ProfileRow,
  type RatePoint,
} from './profile-library.ts'

type SameSlices = Extract<Derivation, { rule: 'same-slices' }>
type Between = Extract<Derivation, { rule: 'between' }>

/** The rows that a rule yields from a library; GPU models and profiles in it are known to exist. */
export function deriveRows(library: ProfileLibrary, rule: Derivation): readonly ProfileRow[] {
  const perModel = rule.models.map((model) =>
    rule.rule === 'between' ? between(library, rule, model) : sameSlices(library, rule, model),
  )
  return perModel.flat().filter((row) => row.points.length > 0)
}

/**
 * A profile that was not measured, part of the way from one neighbour to another, batch by batch.
 * What did not run on the lower neighbour (of equal memory, for 4g and 3g) does not run on it
 * either.
 */
function between(library: ProfileLibrary, rule: Between, model: string): readonly ProfileRow[] {
  const { kind, gpu, share } = rule
  const below = findRow(library, { kind, model, gpu, profile: rule.below })
  const above = findRow(library, { kind, model, gpu, profile: rule.above })
  if (below === null || above === null) return []
  const points = below.points.flatMap(({ items, perSecond: low }): readonly RatePoint[] => {
    if (low === 'did-not-run') return [{ items, perSecond: low }]
    const high = rateAt(above, items)
    return typeof high === 'number' ? [{ items, perSecond: low + share * (high - low) }] : []
  })
  return [{ ...below, profile: rule.profile, ...derivedFrom(below, rule), points }]
}

/** Another GPU model's figures on profiles with as many compute slices, times a factor. */
function sameSlices(
  library: ProfileLibrary,
  rule: SameSlices,
  model: string,
): readonly ProfileRow[] {
  const { kind, gpu, basedOn, factor } = rule
  const measured = baseProfiles(basedOn).flatMap((profile) => {
    const row = findRow(library, { kind, model, gpu: basedOn, profile: profile.name })
    return row === null ? [] : [{ profile, row }]
  })
  return baseProfiles(gpu).flatMap((target) => {
    const twin = measured.find(({ profile }) => profile.computeSlices === target.computeSlices)
    if (twin === undefined) return []
    const points = twin.row.points.flatMap(({ items, perSecond }): readonly RatePoint[] => {
      const fit = fitOf(measured, items, target)
      if (fit === 'does-not-fit') return [{ items, perSecond: 'did-not-run' }]
      if (fit === 'unknown' || perSecond === 'did-not-run') return []
      return [{ items, perSecond: perSecond * factor }]
    })
    return [{ ...twin.row, gpu, profile: target.name, ...derivedFrom(twin.row, rule), points }]
  })
}

type Measured = { readonly profile: GpuInstanceProfile; readonly row: ProfileRow }

/**
 * Memory is a matter of the model and the batch, not of compute slices: what ran with at most as
 * much memory fits, what did not run with at least as much does not; between the two nothing is
 * known.
 */
function fitOf(
  measured: readonly Measured[],
  items: number,
  target: GpuInstanceProfile,
): 'fits' | 'does-not-fit' | 'unknown' {
  const memory = target.memoryMiB
  if (memory === undefined) return 'unknown'
  for (const { profile, row } of measured) {
    if (profile.memoryMiB === undefined) continue
    const rate = rateAt(row, items)
    if (typeof rate === 'number' && profile.memoryMiB <= memory) return 'fits'
    if (rate === 'did-not-run' && profile.memoryMiB >= memory) return 'does-not-fit'
  }
  return 'unknown'
}

function derivedFrom(row: ProfileRow, rule: Derivation): Pick<ProfileRow, 'provenance' | 'source'> {
  return {
    provenance: asDerived(row.provenance),
    source: `${row.source}; derived (${rule.rule}): ${rule.reason}`,
  }
}

function rateAt(row: ProfileRow, items: number): RatePoint['perSecond'] | undefined {
  return row.points.find((point) => point.items === items)?.perSecond
}

function baseProfiles(gpu: string): readonly GpuInstanceProfile[] {
  return must(findGpuModel(gpu)).profiles.filter((profile) => profile.attribute === 'base')
}
