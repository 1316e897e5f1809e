import { must } from '../../base/assert.ts'
import type { BatchInputs, BatchTables } from './batch-programme.ts'
import type { GpuSpace } from './gpu-space.ts'
import { freePlaces, itemOf, type Placing, placeOf, withItem } from './placing.ts'

/** Whether whoever serves may at once serve with anything else: changes cost nothing at all. */
export function areChangesFree({
  warmUpSlots,
  residenceSlots,
}: Pick<BatchInputs, 'warmUpSlots' | 'residenceSlots'>): boolean {
  return residenceSlots <= 1 && warmUpSlots.every((slots) => slots === 0)
}

/** What can serve in a slot beside what is scripted on places, and what it is worth. */
export type FreeStates = {
  /** The reward of state x in slot t alone. */
  readonly rewardIn: (t: number, x: number) => number
  /** The most that a state which finds places beside what is scripted is worth in slot t. */
  readonly bestIn: (t: number, scripted: Placing) => number
  readonly isPlaceable: (x: number, scripted: Placing) => boolean
}

export function freeStatesOf(inputs: BatchInputs, { served }: BatchTables): FreeStates {
  const { space, states, slotCount } = inputs
  const { multisetCount } = space
  const totals = totalsOf(inputs)
  const rewardIn = (t: number, x: number) =>
    ((served[t] as Float64Array)[x] as number) - ((served[t + 1] as Float64Array)[x] as number)
  const best = new Float64Array(slotCount * multisetCount).fill(Number.NEGATIVE_INFINITY)
  for (let t = 0; t < slotCount; t += 1) {
    for (let x = 0; x < states.stateCount; x += 1) {
      const at = t * multisetCount + (totals[x] as number)
      const reward = rewardIn(t, x)
      if (reward > (best[at] as number)) best[at] = reward
    }
  }
  const placeable = placeableBeside(space)
  const bestIn = (t: number, scripted: Placing) => {
    const isAble = placeable(scripted)
    let most = Number.NEGATIVE_INFINITY
    for (let m = 0; m < multisetCount; m += 1) {
      const value = best[t * multisetCount + m] as number
      if (value > most && isAble(m)) most = value
    }
    return most
  }
  const isPlaceable = (x: number, scripted: Placing) => placeable(scripted)(totals[x] as number)
  return { rewardIn, bestIn, isPlaceable }
}

/** The multiset that all tenants of a state hold together. */
function totalsOf({ space, states }: BatchInputs): Int16Array {
  const { stateCount, tenantCount, held } = states
  const totals = new Int16Array(stateCount)
  for (let i = 0; i < tenantCount; i += 1) {
    for (let x = 0; x < stateCount; x += 1) {
      const own = held[i * stateCount + x] as number
      totals[x] = space.sums[(totals[x] as number) * space.multisetCount + own] as number
    }
  }
  return totals
}

/** Tells whether a multiset finds places beside what is scripted; worked out once each. */
function placeableBeside(space: GpuSpace) {
  const { multisetCount, kindCount, sums, plus } = space
  const known = new Map<number, (m: number) => boolean>()
  return (scripted: Placing): ((m: number) => boolean) => {
    const own = scripted.items.reduce((m, item) => {
      return plus[m * kindCount + must(space.places[placeOf(item)]).kind] as number
    }, 0)
    const key = scripted.mask * multisetCount + own
    const able = new Map<number, boolean>()
    const isAble = (m: number) => {
      const before = able.get(m)
      if (before !== undefined) return before
      const isLegal = (sums[own * multisetCount + m] as number) >= 0
      const isFound = isLegal && placesFor(space, scripted, kindsOf(space, m)) !== null
      able.set(m, isFound)
      return isFound
    }
    const tell = known.get(key) ?? isAble
    known.set(key, tell)
    return tell
  }
}

/** The kinds of a multiset, one for each instance. */
export function kindsOf({ kindCount, counts }: GpuSpace, multiset: number): readonly number[] {
  return [...counts.subarray(multiset * kindCount, (multiset + 1) * kindCount)].flatMap(
    (count, kind) => Array<number>(count).fill(kind),
  )
}

/**
 * Places for instances of these kinds, in their order, beside what is placed already; null where
 * there are none. `isAllowed` may forbid places to the instance at an index.
 */
export function placesFor(
  space: GpuSpace,
  placing: Placing,
  kinds: readonly number[],
  isAllowed: (index: number, place: number) => boolean = () => true,
): readonly number[] | null {
  const [kind] = kinds
  if (kind === undefined) return []
  for (const place of freePlaces(space, placing, kind)) {
    if (!isAllowed(0, place)) continue
    const with1 = withItem(space, placing, itemOf(place, 0))
    const rest = placesFor(space, with1, kinds.slice(1), (i, p) => isAllowed(i + 1, p))
    if (rest !== null) return [place, ...rest]
  }
  return null
}
