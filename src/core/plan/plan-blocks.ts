import { must } from '../../base/assert.ts'
import { profileById } from '../mig/gpu-model.ts'
import { overlaps } from '../mig/placement.ts'
import { type Plan, placeOfShare } from './plan.ts'
import type { Block } from './plan-from-blocks.ts'
import type { PlanningProblem } from './problem.ts'
import { type TenureSpan, tenureSpans } from './slots.ts'

/** Who holds what when in a plan; `planFromBlocks` makes a plan of them again, in any state. */
export function blocksOf(problem: PlanningProblem, plan: Plan): readonly Block[] {
  return tenureSpans(problem, plan).map((span) => blockOf(span, span))
}

/**
 * The same if nothing is initialised ahead: inference starts its instances when they were to serve,
 * and whoever had to go for that holds its own until then. Retraining stays where it is. Who would
 * have to go before it served is left out.
 */
export function coldBlocksOf(problem: PlanningProblem, plan: Plan): readonly Block[] {
  const spans = tenureSpans(problem, plan)
  return spans.flatMap((span) => {
    const fromSlot = coldFromSlot(problem, span)
    const untilSlot = coldUntilSlot(problem, spans, span)
    return fromSlot < untilSlot ? [blockOf(span, { fromSlot, untilSlot })] : []
  })
}

function blockOf(
  { instance, tenantIndex, tenure }: TenureSpan,
  { fromSlot, untilSlot }: Pick<TenureSpan, 'fromSlot' | 'untilSlot'>,
): Block {
  const place = { gpu: instance.gpu, ...placeOfShare(instance.share) }
  const { role } = tenure
  if (role.kind === 'retraining') return { place, tenantIndex, fromSlot, role }
  return { place, tenantIndex, fromSlot, untilSlot, role }
}

function coldFromSlot(problem: PlanningProblem, span: TenureSpan): number {
  const { instance, tenure, fromSlot, serveFromSlot, untilSlot } = span
  const worker = problem.running.find(({ id }) => id === instance.existing)?.worker ?? null
  const isThere = worker?.role === 'inference' && worker.tenant === tenure.tenant
  if (fromSlot === 0 && (problem.isFirstLayoutFree || isThere)) return 0
  const serves = tenure.role.kind === 'inference' && serveFromSlot < untilSlot
  return serves ? serveFromSlot : fromSlot
}

function coldUntilSlot(
  problem: PlanningProblem,
  spans: readonly TenureSpan[],
  span: TenureSpan,
): number {
  const { fromSlot, untilSlot } = span
  const others = spans.filter((other) => other !== span && isInTheWay(problem, span, other))
  const after = others.filter((other) => other.fromSlot >= untilSlot)
  const later = spans.slice(spans.indexOf(span) + 1)
  const beside = others.filter((other) => {
    return later.includes(other) && other.fromSlot >= fromSlot && other.fromSlot < untilSlot
  })
  const heldUntil = Math.min(untilSlot, ...beside.map((other) => coldFromSlot(problem, other)))
  if (!after.some((other) => other.fromSlot === untilSlot)) return heldUntil
  if (heldUntil < untilSlot) return heldUntil
  return Math.min(...after.map((other) => coldFromSlot(problem, other)))
}

function isInTheWay(problem: PlanningProblem, a: TenureSpan, b: TenureSpan): boolean {
  if (a.instance.gpu !== b.instance.gpu) return false
  const { model } = must(problem.gpus[a.instance.gpu])
  const placed = [a, b].map(({ instance }) => {
    const { profileId, start } = placeOfShare(instance.share)
    return { profile: profileById(model, profileId), start }
  })
  return overlaps(must(placed[0]), must(placed[1]))
}
