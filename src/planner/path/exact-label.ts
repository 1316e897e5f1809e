import { must } from '../../base/assert.ts'
import type { RetrainingChoice } from './retraining-option.ts'
import type { OwnedHold, Solution } from './solution.ts'
import type { WindowModel } from './window-model.ts'
import { accuracyIn } from './window-tenant.ts'

/** An instance that is held in a slot. */
export type ExactItem = {
  readonly gpu: number
  readonly place: number
  readonly tenant: number
  readonly role: 'inference' | 'retraining'
  /** Held since this slot. */
  readonly from: number
  /** Slots until it serves, or until the retraining is done. */
  readonly wait: number
  /** Slots for which it must still serve before it may go. */
  readonly stay: number
}

/** One way to have come through the slots so far. */
export type ExactLabel = {
  /** Held in the last of those slots. */
  readonly items: readonly ExactItem[]
  readonly choices: readonly (RetrainingChoice | null)[]
  /** J so far. */
  readonly value: number
  /** Requests answered in time by each tenant that has a floor; 0 for the others. */
  readonly answered: readonly number[]
  readonly before: ExactLabel | null
}

/** Adds what slot t is worth with these items held in it. */
export function withSlot(
  model: WindowModel,
  before: ExactLabel,
  { items, choices }: Pick<ExactLabel, 'items' | 'choices'>,
  t: number,
): ExactLabel {
  let { value } = before
  const answered = model.tenants.map((tenant, w) => {
    const counts = model.problem.classes.map(() => 0)
    for (const item of items) {
      if (item.tenant !== w || item.role !== 'inference' || item.wait > 0) continue
      const { space } = must(model.gpus[item.gpu])
      const k = must(space.classes[must(space.places[item.place]).kind])
      counts[k] = must(counts[k]) + 1
    }
    const own = tenant.answers(counts, t, t + 1)[t] as number
    value += tenant.tenant.valuePerAnswer * accuracyIn(tenant, choices[w] ?? null, t) * own
    const hasFloor = (tenant.tenant.sloAttainmentMin ?? 0) > 0
    return hasFloor ? must(before.answered[w]) + own : 0
  })
  return { items, choices, value, answered, before }
}

/** Names what matters of a label for the slots after t: equal names have an equal future. */
export function futureOf({ items, choices }: ExactLabel, t: number): string {
  const held = items.map(
    ({ gpu, place, tenant, role, wait, stay }) =>
      `${gpu}.${place}.${tenant}.${role[0]}.${wait}.${stay}`,
  )
  const versions = choices.map((choice) => {
    if (choice === null) return '-'
    const { configurationId, kind, warmUpSlots } = choice.option
    const isDone = choice.start + choice.option.slots <= t
    return isDone ? configurationId : `${configurationId}/${kind}/${choice.start}/${warmUpSlots}`
  })
  return `${held.sort().join(' ')}|${versions.join(' ')}`
}

/** Adds a label to those with the same future, unless one is as good in every way. */
export function keepLabel(labels: ExactLabel[], label: ExactLabel): void {
  if (labels.some((own) => isAsGood(own, label))) return
  const others = labels.filter((own) => !isAsGood(label, own))
  labels.splice(0, labels.length, ...others, label)
}

function isAsGood(a: ExactLabel, b: ExactLabel): boolean {
  return a.value >= b.value && a.answered.every((own, w) => own >= must(b.answered[w]))
}

/** The plan that a label of the last slot stands for. */
export function solutionOf(model: WindowModel, label: ExactLabel): Solution {
  const holds = new Map<string, OwnedHold & { readonly gpu: number }>()
  let until = model.slotCount
  for (let own: ExactLabel | null = label; own?.before != null; own = own.before) {
    for (const { gpu, place, tenant, role, from } of own.items) {
      const key = `${gpu}.${place}.${tenant}.${role}.${from}`
      if (!holds.has(key)) holds.set(key, { gpu, tenant, role, place, from, until })
    }
    until -= 1
  }
  const all = [...holds.values()]
  return {
    choices: label.choices,
    holds: model.gpus.map(({ gpu }) =>
      all.filter((own) => own.gpu === gpu).map(({ gpu: _, ...hold }) => hold),
    ),
  }
}
