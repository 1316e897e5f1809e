import { must } from '../base/assert.ts'
import type { PlacedProfile } from '../core/mig/placement.ts'
import type { GpuInstanceProfile } from '../core/mig/profile.ts'
import { enumerateProfileCounts, profileCountsKey } from '../core/mig/profile-counts.ts'
import type { Site, SiteGpu } from '../core/site.ts'
import type { FixedInstance } from './fixed-instance.ts'

/**
 * An equal split of every GPU. Tenants are dealt to GPUs in turn (GPUs to tenants, where there are
 * more of those). A GPU gives each of its tenants one instance of the same profile and, where one
 * of them can retrain, has one more instance for retraining; on the first GPU of a tenant only,
 * since a tenant does one retraining at a time. Of what is legal, that is taken where most tenants
 * can serve, then with a retraining instance, then with the larger profile, then with the larger
 * retraining instance. More tenants than a GPU can hold instances: the last ones get none.
 */
export function equalLayout(site: Site): readonly FixedInstance[] {
  return site.gpus.flatMap((gpu, index) => {
    const tenants = tenantsOf(site, index)
    const isFirst = index < Math.max(site.tenants.length, 1)
    const splits = splitsOf(site, gpu, tenants, isFirst)
    splits.sort((a, b) => compare(b.merit, a.merit))
    const best = splits[0]
    return best === undefined ? [] : assigned(index, tenants, best)
  })
}

/** Tenants of a GPU, by index. */
function tenantsOf({ gpus, tenants }: Site, gpu: number): readonly number[] {
  const all = tenants.map((_, index) => index)
  if (gpus.length > all.length) return all.length === 0 ? [] : [gpu % all.length]
  return all.filter((index) => index % gpus.length === gpu)
}

type Split = {
  readonly profile: GpuInstanceProfile
  readonly count: number
  /** The retraining instance's profile, or null without one. */
  readonly pool: GpuInstanceProfile | null
  readonly placed: readonly PlacedProfile[]
  /** Compared in order. */
  readonly merit: readonly number[]
}

function splitsOf(site: Site, gpu: SiteGpu, tenants: readonly number[], isFirst: boolean): Split[] {
  const { model, profileIds } = gpu
  const profiles = model.profiles.filter(({ profileId }) => profileIds.includes(profileId))
  const legal = new Map(
    enumerateProfileCounts(model, profileIds).map(({ counts, layouts }) => [
      profileCountsKey(counts),
      must(layouts[0]).placed,
    ]),
  )
  const splits: Split[] = []
  for (let count = tenants.length; count > 0 && splits.length === 0; count -= 1) {
    for (const profile of profiles) {
      for (const pool of isFirst ? [...profiles, null] : [null]) {
        const placed = legal.get(keyOf(profile, count, pool))
        if (placed === undefined) continue
        const merit = meritOf(site, gpu, tenants.slice(0, count), { profile, pool })
        splits.push({ profile, count, pool, placed, merit })
      }
    }
  }
  return splits
}

function keyOf(
  profile: GpuInstanceProfile,
  count: number,
  pool: GpuInstanceProfile | null,
): string {
  const counts = new Map([[profile.profileId, count]])
  if (pool !== null) counts.set(pool.profileId, (counts.get(pool.profileId) ?? 0) + 1)
  return profileCountsKey(counts)
}

function meritOf(
  site: Site,
  { model }: SiteGpu,
  tenants: readonly number[],
  { profile, pool }: Pick<Split, 'profile' | 'pool'>,
): readonly number[] {
  const classOf = ({ profileId }: GpuInstanceProfile) =>
    site.classes.findIndex((own) => own.gpuModelId === model.id && own.profileId === profileId)
  const serving = tenants.filter((w) => {
    return (must(site.tenants[w]).serving[classOf(profile)] ?? null) !== null
  })
  const training = tenants.filter((w) => {
    const { retraining } = must(site.tenants[w])
    return (
      pool !== null && retraining.some((r) => (r.secondsByClass[classOf(pool)] ?? null) !== null)
    )
  })
  const isPoolOfUse = training.length > 0 || pool === null ? 1 : 0
  const hasPool = training.length > 0 ? 1 : 0
  return [serving.length, isPoolOfUse, hasPool, profile.computeSlices, pool?.computeSlices ?? 0]
}

/** Instances by start: the tenants' in order, and the pool's. */
function assigned(
  gpu: number,
  tenants: readonly number[],
  { profile, pool, placed }: Split,
): readonly FixedInstance[] {
  const ordered = [...placed].sort((a, b) => a.start - b.start)
  const poolAt = ordered.findLastIndex((own) => own.profile === pool)
  const own = ordered.filter((other, i) => i !== poolAt && other.profile === profile)
  const inference = own.map(({ start }, i): FixedInstance => {
    const place = { gpu, profileId: profile.profileId, start }
    return { place, use: { kind: 'inference', tenant: must(tenants[i]) } }
  })
  const training = ordered.flatMap(({ start }, i): FixedInstance[] => {
    if (i !== poolAt || pool === null) return []
    return [{ place: { gpu, profileId: pool.profileId, start }, use: { kind: 'pool', tenants } }]
  })
  return [...inference, ...training]
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i += 1) {
    const difference = must(a[i]) - must(b[i])
    if (difference !== 0) return difference
  }
  return 0
}
