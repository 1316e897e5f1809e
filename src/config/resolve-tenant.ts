import { must } from '../base/assert.ts'
import type { SiteTenant } from '../core/site.ts'
import { findStart, type ProfileKind } from './profiles/profile-library.ts'
import type { ReadFile } from './read-document.ts'
import { resolveAccuracy } from './resolve-accuracy.ts'
import { resolveMemory } from './resolve-memory.ts'
import { resolveRetraining } from './resolve-retraining.ts'
import { resolveFigures, resolveServing, type TenantContext } from './resolve-serving.ts'
import type { ItemsConfig } from './schema/tenant-schema.ts'

/** Where neither the tenant nor the figures say it: between the shipped 4 s and 6 s; assumed. */
const inferenceStartSecondsDefault = 5
/** Where nobody says it: the first step of MISO's ResNet-50 job, typical over its logs. */
const retrainingStartSecondsDefault = 6.6

/** One tenant with its names looked up and its figures put together. */
export function resolveTenant(context: TenantContext, readFile: ReadFile): SiteTenant {
  const { tenant, path, source } = context
  const serving = resolveServing(context)
  const accuracy = resolveAccuracy(tenant.accuracy, readFile, (code, found, accepted) =>
    source.error([...path, 'accuracy'], { code, found, accepted }),
  )
  const retraining = resolveRetraining(context, accuracy)
  return {
    id: tenant.name,
    weight: tenant.weight,
    sloSeconds: tenant.slo,
    itemsPerRequest: meanItems(tenant.items),
    serving,
    figures: resolveFigures(context),
    memory: resolveMemory(context, { serving, retraining }),
    inferenceStartSeconds: tenant.start.inference ?? startOf(context, 'inference'),
    retrainingStartSeconds: tenant.start.retraining ?? startOf(context, 'training'),
    checkpointRestoreSeconds: tenant.start.restore,
    sloAttainmentMin: tenant.sloAttainmentMin ?? null,
    accuracy,
    retraining,
  }
}

/** Items per request as (items, share) pairs whose shares add up to 1. */
export function itemShares(
  items: ItemsConfig,
): readonly { readonly items: number; readonly share: number }[] {
  if (typeof items === 'number') return [{ items, share: 1 }]
  const total = items.reduce((sum, { share }) => sum + share, 0)
  return items.map(({ items: count, share }) => ({ items: count, share: share / total }))
}

function meanItems(items: ItemsConfig): number {
  return itemShares(items).reduce((sum, pair) => sum + pair.items * pair.share, 0)
}

function startOf({ tenant, library }: TenantContext, kind: ProfileKind): number {
  const isServing = kind === 'inference'
  const name = isServing ? tenant.model : tenant.retraining?.job
  const known = name === undefined ? null : findStart(library, kind, must(name))
  return (
    known?.seconds ?? (isServing ? inferenceStartSecondsDefault : retrainingStartSecondsDefault)
  )
}
