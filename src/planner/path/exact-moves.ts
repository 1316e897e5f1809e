import { must } from '../../base/assert.ts'
import type { ExactItem, ExactLabel } from './exact-label.ts'
import type { RetrainingChoice } from './retraining-option.ts'
import type { WindowGpu, WindowModel } from './window-model.ts'

/** What may be held in a slot, and what retrains. */
export type ExactHolding = Pick<ExactLabel, 'items' | 'choices'>

/** Something that may be begun in a slot. */
type Addition = { readonly item: ExactItem; readonly choice: RetrainingChoice | null }

/** What runs when the window begins, as if held in the slot before it. */
export function itemsAtStart({ gpus, residenceSlots, slotCount }: WindowModel): ExactItem[] {
  return gpus.flatMap(({ gpu, start }) => {
    if (start.isFree) return []
    const coming = start.workers.filter(({ readySlot }) => readySlot < slotCount)
    return coming.map(({ tenant, place, readySlot }): ExactItem => {
      const stay = readySlot > 0 ? residenceSlots : 0
      return { gpu, place, tenant, role: 'inference', from: 0, wait: readySlot, stay }
    })
  })
}

/**
 * Every way to go on in slot t from what was held in the slot before it: what serves may go, what
 * fits may come (design 001, lines 1 to 6).
 */
export function* holdingsAfter(
  model: WindowModel,
  { items, choices }: ExactHolding,
  t: number,
): Generator<ExactHolding, void, void> {
  const older = t === 0 ? items : items.flatMap(oneSlotLater)
  for (const kept of withoutSome(older, t)) {
    const gone = older.filter((item) => !kept.includes(item))
    const additions = additionsTo(model, { items: kept, choices }, gone, t)
    yield* withSome(model, { items: kept, choices }, additions, 0)
  }
}

function oneSlotLater(item: ExactItem): readonly ExactItem[] {
  const { role, wait, stay } = item
  if (wait === 0) return [{ ...item, stay: Math.max(0, stay - 1) }]
  return role === 'retraining' && wait === 1 ? [] : [{ ...item, wait: wait - 1 }]
}

/**
 * Every part of the items that keeps what may not go. What gets ready goes at the start or never.
 */
function withoutSome(items: readonly ExactItem[], t: number): readonly (readonly ExactItem[])[] {
  let parts: (readonly ExactItem[])[] = [[]]
  for (const item of items) {
    const mayGo = item.role === 'inference' && ((item.wait === 0 && item.stay === 0) || t === 0)
    const kept = parts.map((part) => [...part, item])
    parts = mayGo ? [...kept, ...parts] : kept
  }
  return parts
}

function additionsTo(
  model: WindowModel,
  { items, choices }: ExactHolding,
  gone: readonly ExactItem[],
  t: number,
): readonly Addition[] {
  return model.gpus.flatMap((gpu) =>
    [...gpu.space.places.keys()]
      .filter((place) => isFree(gpu, items, place))
      .flatMap((place) => [
        ...inferenceOn(model, gpu, place, t).filter(
          ({ item }) => !gone.some((own) => isSameInstance(own, item)),
        ),
        ...retrainingOn(model, gpu, place, { choices, t }),
      ]),
  )
}

function isSameInstance(a: ExactItem, b: ExactItem): boolean {
  return a.gpu === b.gpu && a.place === b.place && a.tenant === b.tenant
}

function isFree({ gpu, space }: WindowGpu, items: readonly ExactItem[], place: number): boolean {
  const { mask } = must(space.places[place])
  return items.every(
    (item) => item.gpu !== gpu || (must(space.places[item.place]).mask & mask) === 0,
  )
}

function inferenceOn(
  { tenants, slotCount, residenceSlots }: WindowModel,
  { gpu, space, start }: WindowGpu,
  place: number,
  t: number,
): readonly Addition[] {
  const k = must(space.classes[must(space.places[place]).kind])
  return tenants.flatMap(({ index, canServe, warmUpSlots }) => {
    const wait = start.isFree && t === 0 ? 0 : warmUpSlots
    if (canServe[k] !== true || t + wait >= slotCount) return []
    const at = { gpu, place, tenant: index, role: 'inference', from: t } as const
    return [{ item: { ...at, wait, stay: residenceSlots }, choice: null }]
  })
}

function retrainingOn(
  { tenants }: WindowModel,
  { gpu, space, start }: WindowGpu,
  place: number,
  { choices, t }: { readonly choices: ExactHolding['choices']; readonly t: number },
): readonly Addition[] {
  const k = must(space.classes[must(space.places[place]).kind])
  return tenants.flatMap(({ index, options }) => {
    if (choices[index] !== null) return []
    const isHost = start.retraining.some((own) => own.tenant === index && own.place === place)
    return options
      .filter(({ classIndex, lastStart }) => classIndex === k && t <= lastStart)
      .filter(({ kind }) => kind === 'start' || (kind === 'continue') === isHost)
      .map((option) => {
        const at = { gpu, place, tenant: index, role: 'retraining', from: t } as const
        return { item: { ...at, wait: option.slots, stay: 0 }, choice: { option, start: t, gpu } }
      })
  })
}

/** The holding with every part of the additions from one on that fits. */
function* withSome(
  model: WindowModel,
  holding: ExactHolding,
  additions: readonly Addition[],
  first: number,
): Generator<ExactHolding, void, void> {
  yield holding
  for (let i = first; i < additions.length; i += 1) {
    const { item, choice } = must(additions[i])
    const { gpu, place, tenant } = item
    if (choice !== null && holding.choices[tenant] !== null) continue
    if (!isFree(must(model.gpus[gpu]), holding.items, place)) continue
    const items = [...holding.items, item]
    if (!isWithinLimits(must(model.gpus[gpu]), items)) continue
    const choices = choice === null ? holding.choices : holding.choices.with(tenant, choice)
    yield* withSome(model, { items, choices }, additions, i + 1)
  }
}

/** Whether the items on a GPU are one of its multisets. */
function isWithinLimits({ gpu, space }: WindowGpu, items: readonly ExactItem[]): boolean {
  let multiset = 0
  for (const item of items) {
    if (item.gpu !== gpu || multiset < 0) continue
    const { kind } = must(space.places[item.place])
    multiset = space.plus[multiset * space.kindCount + kind] as number
  }
  return multiset >= 0
}
