import type { GpuModel, Sharing } from '../mig/gpu-model.ts'
import type { InstanceClass } from '../plan/problem.ts'
import type { Site, SiteTenant } from '../site.ts'
import type { ServingCapability } from '../workload/serving.ts'
import { type BatchPoint, servingCapability } from '../workload/serving-capability.ts'
import { knownOn, pointsOnShare, type ShareUse, secondsOnShare } from './share-figures.ts'
import { shareModel } from './share-model.ts'

/** What holds the parts of a GPU apart. */
export type Mechanism = 'mig' | Sharing

/**
 * The site as it is when its GPUs are shared by that mechanism; itself for MIG, and always the same
 * for the same site. Its classes are shares (share-model.ts), its figures are derived from those on
 * MIG instances (share-figures.ts). A share costs nothing to make: what a change takes is the
 * worker's restart, because a process keeps the share that it was started with.
 */
export function siteUnder(mechanism: Mechanism, site: Site): Site {
  if (mechanism === 'mig') return site
  const bySharing = known.get(site) ?? new Map<Sharing, Site>()
  known.set(site, bySharing)
  const made = bySharing.get(mechanism) ?? sharedSite(mechanism, site)
  bySharing.set(mechanism, made)
  return made
}

const known = new WeakMap<Site, Map<Sharing, Site>>()

function sharedSite(sharing: Sharing, site: Site): Site {
  const models = new Map(site.gpus.map(({ model }) => [model.id, model]))
  const shares = [...models.values()].flatMap((model) => sharesOf(model, sharing))
  return {
    ...site,
    gpus: site.gpus.map((gpu) => {
      const model = shareModel(gpu.model, sharing)
      return { ...gpu, model, profileIds: model.profiles.map(({ profileId }) => profileId) }
    }),
    classes: shares.map(({ own }) => own),
    tenants: site.tenants.map((tenant) => sharedTenant(tenant, site, shares)),
    costs: { ...site.costs, createSeconds: 0, destroySeconds: 0 },
    staticLayout: null,
  }
}

type ShareClass = {
  readonly own: InstanceClass
  /** The GPU model it is a share of. */
  readonly of: GpuModel
  readonly use: ShareUse
}

function sharesOf(model: GpuModel, sharing: Sharing): readonly ShareClass[] {
  const shared = shareModel(model, sharing)
  return shared.profiles.map(({ profileId, name }) => ({
    own: { gpuModelId: shared.id, profileId, name },
    of: model,
    use: { sharing, percent: profileId },
  }))
}

function sharedTenant(
  tenant: SiteTenant,
  { classes }: Site,
  shares: readonly ShareClass[],
): SiteTenant {
  const figures = shares.map(({ of, use }) =>
    pointsOnShare(of, knownOn(of, classes, tenant.figures), use),
  )
  return {
    ...tenant,
    figures,
    memory: { inferenceMiB: shares.map(() => null), retrainingMiB: shares.map(() => null) },
    serving: figures.map((points) => points && capabilityOf(points, tenant.sloSeconds)),
    retraining: tenant.retraining.map((own) => ({
      ...own,
      secondsByClass: shares.map(({ of, use }) =>
        secondsOnShare(of, knownOn(of, classes, own.secondsByClass), use),
      ),
    })),
  }
}

function capabilityOf(points: readonly BatchPoint[], sloSeconds: number): ServingCapability | null {
  const result = servingCapability({ points, sloSeconds, provenance: 'derived' })
  return result.kind === 'capable' ? result.capability : null
}
