import { must } from '../base/assert.ts'
import { findGpuModel } from '../core/mig/catalog.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import type { InstanceClass } from '../core/plan/problem.ts'
import type { ServingCapability } from '../core/workload/serving.ts'
import { type BatchPoint, servingCapability } from '../core/workload/serving-capability.ts'
import { InfeasibleSloError } from './config-error.ts'
import type { DocumentPath, SourceDocument } from './document.ts'
import {
  findRow,
  gpusOf,
  modelsOf,
  type ProfileKind,
  type ProfileLibrary,
  type ProfileRow,
} from './profiles/profile-library.ts'
import type { TenantConfig } from './schema/tenant-schema.ts'
import { oneOf } from './suggest.ts'

export type TenantContext = {
  readonly tenant: TenantConfig
  /** Where the tenant stands in the site file. */
  readonly path: DocumentPath
  readonly source: SourceDocument
  readonly library: ProfileLibrary
  readonly classes: readonly InstanceClass[]
}

/** What is known of a model or job on one class of GPU instance. */
export type ClassFigures =
  | { readonly kind: 'known'; readonly row: ProfileRow }
  | { readonly kind: 'does-not-fit' }
  | { readonly kind: 'unknown' }

/**
 * How the tenant's model serves on each class, null where it cannot. Throws ConfigError if nothing
 * is known of it on this site or no instance holds it, InfeasibleSloError if only the SLO stands in
 * the way.
 */
export function resolveServing(context: TenantContext): readonly (ServingCapability | null)[] {
  const { tenant, path, source } = context
  const figures = figuresByClass(context, 'inference', tenant.model)
  const results = figures.map((known) =>
    known.kind === 'known'
      ? servingCapability({
          points: batchPoints(known.row),
          sloSeconds: tenant.slo,
          provenance: known.row.provenance,
        })
      : null,
  )
  const serving = results.map((result) => (result?.kind === 'capable' ? result.capability : null))
  if (serving.some((capability) => capability !== null)) return serving
  const feasible = results.flatMap((result) =>
    result?.kind === 'slo-too-tight' ? [result.sloSecondsMin] : [],
  )
  if (feasible.length === 0) throw noFigures(context, 'inference', tenant.model, figures)
  const slo = { asked: tenant.slo, feasible: Math.min(...feasible) }
  throw new InfeasibleSloError(source.placeOf([...path, 'slo']), tenant.name, slo)
}

/** What was measured of the tenant's model on each class, whether within the SLO or not. */
export function resolveFigures(context: TenantContext): readonly (readonly BatchPoint[] | null)[] {
  return figuresByClass(context, 'inference', context.tenant.model).map((known) =>
    known.kind === 'known' ? batchPoints(known.row) : null,
  )
}

/** Throws ConfigError if no figures of that name exist for any GPU. */
export function figuresByClass(
  context: TenantContext,
  kind: ProfileKind,
  model: string,
): readonly ClassFigures[] {
  const { library, source, classes, tenant } = context
  const known = modelsOf(library, kind)
  if (!known.includes(model)) {
    const what = kind === 'inference' ? 'a model' : 'a training job'
    const accepted = `${what} with figures, ${oneOf(known, model)} (profiles: adds your own)`
    const found = JSON.stringify(model)
    throw source.error(namePath(context, kind), { code: 'unknown-name', found, accepted })
  }
  return classes.map((instanceClass): ClassFigures => {
    if (!holds(instanceClass, tenant.memory[kind === 'inference' ? 'inference' : 'retraining'])) {
      return { kind: 'does-not-fit' }
    }
    const { gpuModelId: gpu, name: profile } = instanceClass
    const row = findRow(library, { kind, model, gpu, profile })
    if (row === null) return { kind: 'unknown' }
    const ran = row.points.some(({ perSecond }) => typeof perSecond === 'number')
    return ran ? { kind: 'known', row } : { kind: 'does-not-fit' }
  })
}

/** The complaint that no class of the site can run it: for want of memory, or of figures. */
export function noFigures(
  context: TenantContext,
  kind: ProfileKind,
  model: string,
  figures: readonly { readonly kind: ClassFigures['kind'] }[],
): Error {
  const { source, library, classes, tenant } = context
  const names = namesOf(classes)
  if (figures.some((known) => known.kind === 'does-not-fit')) {
    const need = tenant.memory[kind === 'inference' ? 'inference' : 'retraining']
    const asked = need === undefined ? '' : ` with ${need} MiB`
    return source.error(namePath(context, kind), {
      code: 'memory-too-small',
      found: `${model}${asked}, which fits into none of the instances of the site (${names})`,
      accepted: 'a model that fits, or a GPU or profile with more memory',
    })
  }
  const gpus = gpusOf(library, kind, model)
  return source.error(namePath(context, kind), {
    code: 'no-figures',
    found: `${model}, of which nothing is known on this site's instances (${names})`,
    accepted: `a GPU with figures, ${gpus.join(' or ')}, or figures of your own under profiles:`,
  })
}

/** "a100-80gb 1g.10gb, 2g.20gb; a30 1g.6gb" */
function namesOf(classes: readonly InstanceClass[]): string {
  const models = [...new Set(classes.map(({ gpuModelId }) => gpuModelId))]
  return models
    .map((model) => {
      const own = classes.filter(({ gpuModelId }) => gpuModelId === model)
      return `${model} ${own.map(({ name }) => name).join(', ')}`
    })
    .join('; ')
}

function namePath({ path }: TenantContext, kind: ProfileKind): DocumentPath {
  return kind === 'inference' ? [...path, 'model'] : [...path, 'retraining', 'job']
}

/** A profile whose memory no source gives holds nothing that states its need. */
function holds({ gpuModelId, profileId }: InstanceClass, needMiB: number | undefined): boolean {
  if (needMiB === undefined) return true
  const { memoryMiB } = profileById(must(findGpuModel(gpuModelId)), profileId)
  return memoryMiB !== undefined && memoryMiB >= needMiB
}

/** Latencies are batch / throughput: the published latencies are rounded to a millisecond. */
function batchPoints(row: ProfileRow): readonly BatchPoint[] {
  return row.points.flatMap(({ items, perSecond }) =>
    perSecond === 'did-not-run' ? [] : [{ items, latencySeconds: items / perSecond }],
  )
}
