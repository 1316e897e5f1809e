import { must } from '../../base/assert.ts'
import {
  emptyPlacing,
  flexibilityOf,
  freePlaces,
  itemOf,
  type Placing,
  withItem,
} from './placing.ts'
import type { OwnedHold, Solution } from './solution.ts'
import type { WindowGpu, WindowModel } from './window-model.ts'
import type { WindowTenant } from './window-tenant.ts'

/** What stands on a GPU for the whole window: places, and the multiset they make. */
type Standing = { readonly gpu: WindowGpu; placing: Placing; multiset: number }

/**
 * A solution with instances for inference added beside what it holds, for the whole window: those
 * first that bring most for a memory slice, until nothing that fits brings anything. An answer is
 * worth `floorPrices` more. Some milliseconds; the first plan where nothing runs.
 */
export function filledUp(
  model: WindowModel,
  { choices, holds }: Solution,
  floorPrices: readonly number[],
): Solution {
  const standing = model.gpus.map((gpu) => standingOn(gpu, must(holds[gpu.gpu])))
  const added = model.gpus.map((): OwnedHold[] => [])
  const counts = model.tenants.map(({ index }) => heldBy(model, holds, index))
  const gainsFor = (w: number) =>
    gainsOf(model, must(model.tenants[w]), must(counts[w]), must(floorPrices[w]))
  const gains = model.tenants.map(({ index }) => gainsFor(index))
  for (;;) {
    const best = bestAddition(standing, gains)
    if (best === null) break
    const { on, tenant, kind, place } = best
    const { space, gpu } = on.gpu
    on.placing = withItem(space, on.placing, itemOf(place, 0))
    on.multiset = space.plus[on.multiset * space.kindCount + kind] as number
    const hold = { tenant, role: 'inference', place, from: 0, until: model.slotCount } as const
    must(added[gpu]).push(hold)
    const own = must(counts[tenant])
    const k = must(space.classes[kind])
    own[k] = must(own[k]) + 1
    gains[tenant] = gainsFor(tenant)
  }
  return { choices, holds: holds.map((own, gpu) => [...own, ...must(added[gpu])]) }
}

function standingOn(gpu: WindowGpu, holds: readonly OwnedHold[]): Standing {
  const { space } = gpu
  const places = [...new Set(holds.map(({ place }) => place))]
  const placing = places.reduce(
    (own, place) => withItem(space, own, itemOf(place, 0)),
    emptyPlacing,
  )
  const multiset = places.reduce((m, place) => {
    return space.plus[m * space.kindCount + must(space.places[place]).kind] as number
  }, 0)
  return { gpu, placing, multiset }
}

function heldBy(
  { gpus, problem }: WindowModel,
  holds: Solution['holds'],
  tenant: number,
): number[] {
  const counts = problem.classes.map(() => 0)
  for (const { gpu, space } of gpus) {
    for (const hold of must(holds[gpu])) {
      if (hold.tenant !== tenant || hold.role !== 'inference') continue
      const k = must(space.classes[must(space.places[hold.place]).kind])
      counts[k] = must(counts[k]) + 1
    }
  }
  return counts
}

/** Slots from one that is looked at to the next. */
const sampleSlots = 5

/** What one more instance of each class would bring a tenant; 0 where it cannot serve. */
function gainsOf(
  { slotCount }: WindowModel,
  { answers, canServe, tenant }: WindowTenant,
  counts: readonly number[],
  floorPrice: number,
): readonly number[] {
  const worthOf = (held: readonly number[]) => {
    let worth = 0
    for (let t = Math.min(2, slotCount - 1); t < slotCount; t += sampleSlots) {
      const each = tenant.valuePerAnswer * must(tenant.accuracyDeployed[t]) + floorPrice
      worth += each * (answers(held, t, t + 1)[t] as number)
    }
    return worth
  }
  const now = worthOf(counts)
  return canServe.map((isAble, k) =>
    isAble ? worthOf(counts.with(k, must(counts[k]) + 1)) - now : 0,
  )
}

type Addition = {
  readonly on: Standing
  readonly tenant: number
  readonly kind: number
  readonly place: number
}

function bestAddition(
  standing: readonly Standing[],
  gains: readonly (readonly number[])[],
): Addition | null {
  let best: Addition | null = null
  let most = 0
  for (const on of standing) {
    const { space } = on.gpu
    for (const [kind, k] of space.classes.entries()) {
      if ((space.plus[on.multiset * space.kindCount + kind] as number) < 0) continue
      const place = roomiestPlace(on, kind)
      if (place === null) continue
      const size = sizeOf(on.gpu, place)
      for (const [tenant, own] of gains.entries()) {
        const gain = must(own[k]) / size
        if (gain <= most) continue
        most = gain
        best = { on, tenant, kind, place }
      }
    }
  }
  return best
}

/** Of the free places of a kind one that leaves most room. */
function roomiestPlace({ gpu: { space }, placing }: Standing, kind: number): number | null {
  let best: number | null = null
  let most = -1
  for (const place of freePlaces(space, placing, kind)) {
    const room = flexibilityOf(space, withItem(space, placing, itemOf(place, 0)))
    if (room <= most) continue
    most = room
    best = place
  }
  return best
}

/** Memory slices of a place. */
function sizeOf({ space }: WindowGpu, place: number): number {
  let size = 0
  for (let left = must(space.places[place]).mask; left !== 0; left &= left - 1) size += 1
  return size
}
