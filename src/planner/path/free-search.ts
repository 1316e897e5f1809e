import { must } from '../../base/assert.ts'
import { servingAs } from './free-serving.ts'
import { type FreeStates, freeStatesOf } from './free-states.ts'
import type { Hold, PlacedPath, PlacedSearch } from './placed-node.ts'
import { type Item, itemOf, ownerOf, placeOf } from './placing.ts'
import { type ScriptedSpan, scriptedSpans } from './scripted-spans.ts'
import type { Work } from './work.ts'

/**
 * Places for a programme in which changes cost nothing (design 003, Plans): slots have
 * nothing to do with each other but for what is scripted, so that is placed first; beside it the
 * best state of each slot serves. Of equally good ones that which stays so longest, and what can
 * stay on its place does. Null where what is scripted finds no places.
 */
export function* searchFreely(search: PlacedSearch): Work<PlacedPath | null> {
  const { states, slotCount, space } = search.inputs
  const free = freeStatesOf(search.inputs, search.tables)
  yield slotCount * (states.stateCount + space.multisetCount)
  const spans = yield* scriptedSpans(search, free)
  if (spans === null) return null
  const runs = runsOf(search, free, spans)
  yield slotCount * states.stateCount
  const bySlot: (readonly Item[])[] = []
  let now: Serving = { x: -1, items: runningItems(search) }
  let value = 0
  let changes = 0
  for (const span of spans) {
    for (let t = span.from; t < span.until; t += 1) {
      const run = must(runs[t])
      if ((run[now.x] ?? 0) === 0 || !areFree(search, now.items, span)) {
        now = changed(search, free, { t, span, run, before: now.items })
        changes += 1
      }
      value += free.rewardIn(t, now.x)
      bySlot.push(now.items)
    }
  }
  yield changes * (stepsPerChange + states.stateCount)
  return { value, holds: [...servingHolds(bySlot), ...scriptedHolds(spans)] }
}

/** Finding other places costs about as much as so many relaxations. */
const stepsPerChange = 5000

type Serving = { readonly x: number; readonly items: readonly Item[] }

/** Who serves when the window starts, where it may as well go on. */
function runningItems({ start }: PlacedSearch): readonly Item[] {
  if (start.isFree) return []
  return start.workers
    .filter(({ readySlot }) => readySlot === 0)
    .map(({ place, tenant }) => itemOf(place, tenant))
}

/** For each slot and state the slots from there on in which it is as good as any. */
function runsOf(
  { inputs: { states, slotCount } }: PlacedSearch,
  free: FreeStates,
  spans: readonly ScriptedSpan[],
): readonly Uint16Array[] {
  const { stateCount } = states
  const runs = Array.from({ length: slotCount + 1 }, () => new Uint16Array(stateCount))
  for (const { from, until, placing } of spans) {
    for (let t = from; t < until; t += 1) {
      const least = free.bestIn(t, placing) - tie
      const row = must(runs[t])
      for (let x = 0; x < stateCount; x += 1) {
        if (free.rewardIn(t, x) >= least && free.isPlaceable(x, placing)) row[x] = 1
      }
    }
  }
  for (let t = slotCount - 1; t >= 0; t -= 1) {
    const row = must(runs[t])
    const next = must(runs[t + 1])
    for (let x = 0; x < stateCount; x += 1) if (row[x] === 1) row[x] = 1 + (next[x] as number)
  }
  return runs
}

/** Rewards of one slot, out of 1 or so, that differ by less are equal but for rounding. */
const tie = 1e-12

function areFree(
  { inputs: { space } }: PlacedSearch,
  items: readonly Item[],
  { placing }: ScriptedSpan,
): boolean {
  return items.every((item) => (must(space.places[placeOf(item)]).mask & placing.mask) === 0)
}

type Change = {
  readonly t: number
  readonly span: ScriptedSpan
  readonly run: Uint16Array
  readonly before: readonly Item[]
}

/** The best state to serve from slot t on, which keeps of `before` what it can. */
function changed(
  search: PlacedSearch,
  free: FreeStates,
  { t, span, run, before }: Change,
): Serving {
  const { states } = search.inputs
  const all = [...Array(states.stateCount).keys()]
  const good = all.filter((x) => (run[x] as number) > 0)
  const byRun = good.sort((a, b) => (run[b] as number) - (run[a] as number) || a - b)
  const serve = (x: number) => servingAs(search, { x, slot: t, scripted: span.placing, before })
  for (const x of byRun) {
    const items = serve(x)
    if (items !== null) return { x, items }
  }
  // Only in slot 0 are there places that may not be taken: then the next best has to do.
  for (const x of all.sort((a, b) => free.rewardIn(t, b) - free.rewardIn(t, a))) {
    const items = free.isPlaceable(x, span.placing) ? serve(x) : null
    if (items !== null) return { x, items }
  }
  return { x: 0, items: [] }
}

function servingHolds(bySlot: readonly (readonly Item[])[]): readonly Hold[] {
  const since = new Map<Item, number>()
  const holds: Hold[] = []
  const end = [...bySlot, []]
  for (const [t, items] of end.entries()) {
    if (t > 0 && items === end[t - 1]) continue
    for (const [item, from] of since) {
      if (items.includes(item)) continue
      holds.push({ owner: ownerOf(item), place: placeOf(item), from, until: t })
      since.delete(item)
    }
    for (const item of items) if (!since.has(item)) since.set(item, t)
  }
  return holds
}

/** Each stands where it does from its first span to its last. */
function scriptedHolds(spans: readonly ScriptedSpan[]): readonly Hold[] {
  const holds = new Map<Item, Hold>()
  for (const { from, until, placing } of spans) {
    for (const item of placing.items) {
      const known = holds.get(item) ?? { owner: ownerOf(item), place: placeOf(item), from, until }
      holds.set(item, { ...known, until })
    }
  }
  return [...holds.values()]
}
