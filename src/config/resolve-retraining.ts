import { type AccuracyTable, measuredConfiguration } from '../core/learning/accuracy-table.ts'
import type { SiteRetraining } from '../core/site.ts'
import { figuresByClass, noFigures, type TenantContext } from './resolve-serving.ts'
import { oneOf } from './suggest.ts'

/**
 * What the tenant may retrain with, and how long that takes on each class of instance: the samples
 * of the accuracy table's configuration, times the scale of the real job, at its measured rate.
 */
export function resolveRetraining(
  context: TenantContext,
  table: AccuracyTable,
): readonly SiteRetraining[] {
  const { retraining } = context.tenant
  if (retraining === undefined) return []
  const rates = ratesByClass(context, retraining)
  return configurationIds(context, table).map((configurationId) => {
    const { epochs, samplesPerEpoch } = measuredConfiguration(table, configurationId)
    const samples = epochs * samplesPerEpoch * retraining.samplesScale
    const secondsByClass = rates.map((rate) => (rate === null ? null : samples / rate))
    return { configurationId, samples, secondsByClass }
  })
}

type RetrainingConfig = NonNullable<TenantContext['tenant']['retraining']>

/** Samples per second on each class, null where the job does not fit or nothing is known. */
function ratesByClass(
  context: TenantContext,
  { job, batch }: RetrainingConfig,
): readonly (number | null)[] {
  const figures = figuresByClass(context, 'training', job)
  const points = figures.map((known) =>
    known.kind === 'known' ? known.row.points.find(({ items }) => items === batch) : undefined,
  )
  const rates = points.map((point) =>
    typeof point?.perSecond === 'number' ? point.perSecond : null,
  )
  if (rates.some((rate) => rate !== null)) return rates
  const batches = figures.flatMap((known) =>
    known.kind === 'known' ? known.row.points.map(({ items }) => items) : [],
  )
  if (batches.length > 0 && !batches.includes(batch)) throw unknownBatch(context, batch, batches)
  const reasons = figures.map((known, k) =>
    known.kind === 'known' && points[k] !== undefined ? ({ kind: 'does-not-fit' } as const) : known,
  )
  throw noFigures(context, 'training', job, reasons)
}

function unknownBatch(context: TenantContext, batch: number, batches: readonly number[]): Error {
  const sizes = [...new Set(batches)].sort((a, b) => a - b)
  return context.source.error([...context.path, 'retraining', 'batch'], {
    code: 'no-figures',
    found: `batch size ${batch}`,
    accepted: `a batch size with figures on this site: ${sizes.join(', ')}`,
  })
}

/** The configurations asked for, or all of the table; an unknown or repeated one is refused. */
function configurationIds(context: TenantContext, table: AccuracyTable): readonly string[] {
  const known = table.configurations.map(({ id }) => id)
  const asked = context.tenant.retraining?.configurations
  for (const [i, id] of (asked ?? []).entries()) {
    const path = [...context.path, 'retraining', 'configurations', i]
    const found = JSON.stringify(id)
    if (!known.includes(id)) {
      const accepted = `a configuration of accuracy table ${table.id}, ${oneOf(known, id)}`
      throw context.source.error(path, { code: 'unknown-name', found, accepted })
    }
    if (asked?.indexOf(id) !== i) {
      const accepted = 'each configuration once'
      throw context.source.error(path, { code: 'duplicate-name', found, accepted })
    }
  }
  return asked ?? known
}
