import type { SiteTenant, WorkerMemory } from '../core/site.ts'
import { memoryMiBMax } from './profiles/memory-facts.ts'
import { memoryOf, type ProfileKind } from './profiles/profile-library.ts'
import type { TenantContext } from './resolve-serving.ts'

/**
 * What the tenant's workers take on each class: what the site file says, or else at most what the
 * figures allow, at the largest batch that it serves there and at the batch that it retrains with.
 */
export function resolveMemory(
  context: TenantContext,
  { serving, retraining }: Pick<SiteTenant, 'serving' | 'retraining'>,
): WorkerMemory {
  const { model, memory, retraining: training } = context.tenant
  const trains = (k: number) =>
    retraining.some(({ secondsByClass }) => (secondsByClass[k] ?? null) !== null)
  return {
    inferenceMiB: mostByClass(context, {
      kind: 'inference',
      model,
      itemsByClass: serving.map((way) => way?.itemsMax ?? null),
      statedMiB: memory.inference,
    }),
    retrainingMiB: mostByClass(context, {
      kind: 'training',
      model: training?.job ?? '',
      itemsByClass: context.classes.map((_, k) => (trains(k) ? (training?.batch ?? null) : null)),
      statedMiB: memory.retraining,
    }),
  }
}

function mostByClass(
  { library, classes }: TenantContext,
  worker: {
    readonly kind: ProfileKind
    readonly model: string
    /** Items in its batches on each class; null where it cannot run. */
    readonly itemsByClass: readonly (number | null)[]
    readonly statedMiB: number | undefined
  },
): readonly (number | null)[] {
  const { kind, model, statedMiB } = worker
  const facts = memoryOf(library, kind, model)
  return classes.map(({ gpuModelId: gpu, name: profile }, k) => {
    const items = worker.itemsByClass[k] ?? null
    if (items === null) return null
    return statedMiB ?? memoryMiBMax(facts, kind, { gpu, profile, items })
  })
}
