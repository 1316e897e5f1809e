import type { FreeStates } from './free-states.ts'
import type { PlacedSearch } from './placed-node.ts'
import {
  emptyPlacing,
  flexibilityOf,
  freePlaces,
  itemOf,
  keyOf,
  ownerOf,
  type Placing,
  scriptedOwner,
  withItem,
  withoutItem,
} from './placing.ts'
import type { Work } from './work.ts'

/** What is scripted stands on the same places in slots from .. until - 1. */
export type ScriptedSpan = {
  readonly from: number
  readonly until: number
  readonly placing: Placing
}

type Node = {
  readonly span: ScriptedSpan
  readonly parent: Node | null
  /** Value of the slots before `span.until`. */
  readonly value: number
}

/**
 * Places for what is scripted, beside which the best states of all slots are worth most: a beam
 * search from one begin or end to the next. Null where none were found.
 */
export function* scriptedSpans(
  search: PlacedSearch,
  free: FreeStates,
): Work<readonly ScriptedSpan[] | null> {
  const { slotCount, space } = search.inputs
  const bounds = new Set([0, slotCount, ...search.scripted.flatMap((own) => [own.from, own.until])])
  const ordered = [...bounds].filter((t) => t <= slotCount).sort((a, b) => a - b)
  let front: readonly (Node | null)[] = [null]
  for (const [index, from] of ordered.slice(0, -1).entries()) {
    const until = ordered[index + 1] as number
    const nodes = front.flatMap((parent) =>
      placingsFrom(search, parent?.span.placing ?? emptyPlacing, from).map((placing): Node => {
        let value = parent?.value ?? 0
        for (let t = from; t < until; t += 1) value += free.bestIn(t, placing)
        return { span: { from, until, placing }, parent, value }
      }),
    )
    yield nodes.length * (stepsPerPlacing + (until - from) * space.multisetCount)
    front = nodes.sort((a, b) => b.value - a.value).slice(0, width)
  }
  const best = front[0] ?? null
  const spans: ScriptedSpan[] = []
  for (let node = best; node !== null; node = node.parent) spans.push(node.span)
  return best === null ? null : spans.reverse()
}

/** Placings kept from one span to the next. */
const width = 8
/** Placing what is scripted costs about as much as so many relaxations. */
const stepsPerPlacing = 1000

/** The ways, up to symmetry, of placing what begins in the slot, less what ended. */
function placingsFrom(
  { inputs: { space }, scripted, symmetries }: PlacedSearch,
  before: Placing,
  slot: number,
): readonly Placing[] {
  const ended = before.items.filter((item) => {
    const hold = scripted[ownerOf(item) - scriptedOwner]
    return hold === undefined || hold.until <= slot
  })
  let placings = [ended.reduce((own, item) => withoutItem(space, own, item), before)]
  const starting = [...scripted.entries()].filter(([, { from }]) => from === slot)
  const fixedFirst = starting.sort(
    ([, a], [, b]) => Number(b.place !== null) - Number(a.place !== null),
  )
  for (const [index, { kind, place, notPlace }] of fixedFirst) {
    const placed = new Map<string, Placing>()
    for (const placing of placings) {
      for (const free of freePlaces(space, placing, kind)) {
        if (free === notPlace || (place !== null && free !== place)) continue
        const next = withItem(space, placing, itemOf(free, scriptedOwner + index))
        const key = keyOf(symmetries, next)
        if (!placed.has(key)) placed.set(key, next)
      }
    }
    placings = roomiest(space, [...placed.values()])
  }
  return placings
}

function roomiest(space: PlacedSearch['inputs']['space'], placings: readonly Placing[]): Placing[] {
  if (placings.length <= placingsMax) return [...placings]
  const rooms = placings.map((placing) => ({ placing, room: flexibilityOf(space, placing) }))
  rooms.sort((a, b) => b.room - a.room)
  return rooms.slice(0, placingsMax).map(({ placing }) => placing)
}

const placingsMax = 32
