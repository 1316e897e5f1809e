import { must } from '../../base/assert.ts'
import type { CountsBySlot } from './region.ts'
import type { OwnedHold, Solution } from './solution.ts'
import type { WindowGpu, WindowModel } from './window-model.ts'
import { accuracyIn, terminalValueOf } from './window-tenant.ts'

/** The first slot in which an inference hold serves (design 001, line 2). */
export function servesFrom({ tenants }: WindowModel, gpu: WindowGpu, hold: OwnedHold): number {
  const { isFree, workers } = gpu.start
  const { warmUpSlots } = must(tenants[hold.tenant])
  if (hold.from > 0) return hold.from + warmUpSlots
  if (isFree) return 0
  const isOwn = (own: { tenant: number; place: number }) =>
    own.tenant === hold.tenant && own.place === hold.place
  return workers.find(isOwn)?.readySlot ?? warmUpSlots
}

/** Instances of each class that serve a tenant in each slot, GPU `except` left out. */
export function servingCounts(
  model: WindowModel,
  solution: Solution,
  tenant: number,
  except: number | null,
): CountsBySlot {
  const { slotCount, problem } = model
  const changes = Array.from({ length: slotCount + 1 }, (): { k: number; by: number }[] => [])
  for (const gpu of model.gpus) {
    if (gpu.gpu === except) continue
    for (const hold of must(solution.holds[gpu.gpu])) {
      const from = servesFrom(model, gpu, hold)
      if (hold.tenant !== tenant || hold.role !== 'inference' || from >= hold.until) continue
      const k = must(gpu.space.classes[must(gpu.space.places[hold.place]).kind])
      must(changes[from]).push({ k, by: 1 })
      must(changes[hold.until]).push({ k, by: -1 })
    }
  }
  let now: readonly number[] = problem.classes.map(() => 0)
  return changes.slice(0, slotCount).map((own) => {
    if (own.length === 0) return now
    const next = [...now]
    for (const { k, by } of own) next[k] = must(next[k]) + by
    if (next.some((count, k) => count !== now[k])) now = next
    return now
  })
}

/** What one tenant contributes to J + T, its floor's price included. */
export function tenantScore(
  model: WindowModel,
  solution: Solution,
  index: number,
  floorPrice: number,
): number {
  const tenant = must(model.tenants[index])
  const choice = solution.choices[index] ?? null
  const counts = servingCounts(model, solution, index, null)
  let score = terminalValueOf(tenant, choice, model.slotCount)
  for (const [t, own] of counts.entries()) {
    const answered = tenant.answers(own, t, t + 1)[t] as number
    const worth = tenant.tenant.valuePerAnswer * accuracyIn(tenant, choice, t) + floorPrice
    score += worth * answered
  }
  return score
}
