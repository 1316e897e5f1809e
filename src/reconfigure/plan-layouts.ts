import { unreachable } from '../base/assert.ts'
import type { GpuModel } from '../core/mig/gpu-model.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import {
  expectedEndSeconds,
  type Plan,
  type PlannedInstance,
  type Tenure,
} from '../core/plan/plan.ts'
import type { LaterStep } from './change-file.ts'
import type { Wanted } from './change-layout.ts'

/** A window's plan as layouts: what each GPU has from its start, and how that changes later. */
export type PlanLayouts = {
  /** Parallel to the plan's GPUs. */
  readonly first: readonly (readonly (Wanted & { readonly holder: string })[])[]
  /** In time order; destroys before creates at one moment. GPUs by index. */
  readonly later: readonly (Omit<LaterStep, 'gpu'> & { readonly gpu: number })[]
}

/**
 * A GPU instance is there from its first tenure's start to its last one's end, gaps included; one
 * that is held to the plan's end stays. `models` are the GPUs of the problem.
 */
export function planLayouts(plan: Plan, models: readonly GpuModel[]): PlanLayouts {
  const lives = plan.instances.flatMap((instance) => lifeOf(instance, models))
  const first = models.map((_, gpu) =>
    lives
      .filter((life) => life.gpu === gpu && life.fromSeconds <= plan.startSeconds)
      .sort((a, b) => a.wanted.placement.start - b.wanted.placement.start)
      .map(({ wanted, holder }) => ({ ...wanted, holder })),
  )
  const later = lives.flatMap(({ gpu, name, wanted, fromSeconds, untilSeconds }) => {
    const step = { gpu, name, ...wanted }
    const born = fromSeconds - plan.startSeconds
    const gone = untilSeconds - plan.startSeconds
    return [
      ...(born > 0 ? [{ ...step, kind: 'create', afterSeconds: born } as const] : []),
      ...(untilSeconds < plan.endSeconds
        ? [{ ...step, kind: 'destroy', afterSeconds: gone } as const]
        : []),
    ]
  })
  return { first, later: later.sort(inOrder) }
}

type Life = {
  readonly gpu: number
  readonly name: string
  readonly wanted: Wanted
  readonly holder: string
  readonly fromSeconds: number
  readonly untilSeconds: number
}

function lifeOf(
  { gpu, share, tenures }: PlannedInstance,
  models: readonly GpuModel[],
): readonly Life[] {
  const [first, last] = [tenures[0], tenures.at(-1)]
  const model = models[gpu]
  if (first === undefined || last === undefined || model === undefined) return []
  if (share.kind === 'mps') return []
  const { name, size } = profileById(model, share.profileId)
  const wanted = { profileId: share.profileId, placement: { start: share.start, size } }
  const untilSeconds = expectedEndSeconds(last)
  const { initialiseFromSeconds: fromSeconds } = first
  return [{ gpu, name, wanted, holder: holderOf(first), fromSeconds, untilSeconds }]
}

function holderOf({ tenant, role }: Tenure): string {
  switch (role.kind) {
    case 'inference':
      return `${tenant} inference`
    case 'retraining':
      return `${tenant} retraining`
    default:
      return unreachable(role)
  }
}

type Ordered = Pick<LaterStep, 'afterSeconds' | 'kind'> & { readonly gpu: number }

function inOrder(a: Ordered, b: Ordered): number {
  if (a.afterSeconds !== b.afterSeconds) return a.afterSeconds - b.afterSeconds
  if (a.gpu !== b.gpu) return a.gpu - b.gpu
  return a.kind === b.kind ? 0 : a.kind === 'destroy' ? -1 : 1
}
