import { must } from '../../base/assert.ts'
import { type CapacityDemand, capacityDemandOf, pointCount } from './capacity-demand.ts'
import type { GpuSpace } from './gpu-space.ts'
import { type RetrainingChoice, type RetrainingOption, terminalShare } from './retraining-option.ts'
import type { WindowModel } from './window-model.ts'

/** What the capacity dual of design 003 (equation 13) is computed for. */
export type CapacityDual = {
  readonly model: WindowModel
  readonly classCount: number
  readonly tenants: readonly CapacityDemand[]
  /** GPUs alike, with the largest multisets that fit on one. */
  readonly supplies: readonly Supply[]
}

type Supply = {
  readonly gpuCount: number
  readonly space: GpuSpace
  readonly largest: readonly number[]
}

/** A value of the dual, and its subgradient: `unused[k * slotCount + t]`. */
export type CapacityValue = { readonly bound: number; readonly unused: Float64Array }

export function capacityDualOf(model: WindowModel): CapacityDual {
  const counts = new Map<GpuSpace, number>()
  for (const { space } of model.gpus) counts.set(space, (counts.get(space) ?? 0) + 1)
  const supplies = [...counts].map(([space, gpuCount]) => {
    return { gpuCount, space, largest: largestOf(space) }
  })
  const tenants = model.tenants.map((tenant) => capacityDemandOf(model, tenant))
  return { model, classCount: model.problem.classes.length, tenants, supplies }
}

/** Multisets to which nothing can be added. */
function largestOf({ multisetCount, kindCount, plus }: GpuSpace): readonly number[] {
  return [...Array(multisetCount).keys()].filter((m) =>
    plus.subarray(m * kindCount, (m + 1) * kindCount).every((more) => more < 0),
  )
}

/** Equation (13) at prices `mu[k * slotCount + t]` of an instance of class k in slot t. */
export function capacityValueOf(dual: CapacityDual, mu: Float64Array): CapacityValue {
  const unused = new Float64Array(mu.length)
  let bound = 0
  for (const supply of dual.supplies) bound += addSupply(dual, supply, mu, unused)
  for (const tenant of dual.tenants) bound += takeDemand(dual, tenant, mu, unused)
  return { bound, unused }
}

/** The dearest layouts of some GPUs, in every slot. */
function addSupply(
  { model: { slotCount } }: CapacityDual,
  { gpuCount, space, largest }: Supply,
  mu: Float64Array,
  unused: Float64Array,
): number {
  const { kindCount, classes, counts } = space
  let sum = 0
  for (let t = 0; t < slotCount; t += 1) {
    let best = 0
    let dearest = 0
    for (const m of largest) {
      let price = 0
      for (let kind = 0; kind < kindCount; kind += 1) {
        const each = mu[(classes[kind] as number) * slotCount + t] as number
        price += (counts[m * kindCount + kind] as number) * each
      }
      if (price < dearest) continue
      dearest = price
      best = m
    }
    sum += gpuCount * dearest
    for (let kind = 0; kind < kindCount; kind += 1) {
      const at = (classes[kind] as number) * slotCount + t
      const held = gpuCount * (counts[best * kindCount + kind] as number)
      unused[at] = (unused[at] as number) + held
    }
  }
  return sum
}

/** What one tenant gains most when it pays for all it holds. */
function takeDemand(
  { model, classCount }: CapacityDual,
  demand: CapacityDemand,
  mu: Float64Array,
  unused: Float64Array,
): number {
  const { slotCount } = model
  const { tenant, terminalWeight, options } = demand.tenant
  const cheapest = cheapestClasses(demand, mu, slotCount)
  const deployed = gainsOf(demand, cheapest, tenant.accuracyDeployed)
  let choice: RetrainingChoice | null = null
  let best = (deployed[slotCount] as number) + terminalWeight * tenant.accuracyTerminal
  const paid = Array.from({ length: classCount }, (_, k) => sumsOf(mu, k, slotCount))
  for (const option of options) {
    const after = gainsOf(demand, cheapest, option.accuracyAfter)
    const own = must(paid[option.classIndex])
    for (let start = 0; start <= option.lastStart; start += 1) {
      const end = Math.min(slotCount, start + option.slots)
      const share = terminalShare({ option, start, gpu: 0 }, slotCount)
      const terminal = share * option.accuracyTerminal + (1 - share) * tenant.accuracyTerminal
      const gained =
        (deployed[end] as number) + ((after[slotCount] as number) - (after[end] as number))
      const from = Math.min(end, start + lentSlots(model, option))
      const price = (own[end] as number) - (own[from] as number)
      const worth = gained - price + terminalWeight * terminal
      if (worth <= best) continue
      best = worth
      choice = { option, start, gpu: 0 }
    }
  }
  const lent = choice === null ? 0 : lentSlots(model, choice.option)
  hold(demand, { cheapest, choice, slotCount, lent }, unused)
  return best
}

/** While a retraining warms up, who serves on its instance may go on, and pays for it. */
function lentSlots({ fitsBeside }: WindowModel, { warmUpSlots }: RetrainingOption): number {
  return fitsBeside === null ? 0 : warmUpSlots
}

/** Per slot the class whose capacity costs least, and what it costs; -1 where there is none. */
type Cheapest = { readonly classIndex: Int16Array; readonly price: Float64Array }

function cheapestClasses(
  { capacityRps }: CapacityDemand,
  mu: Float64Array,
  slotCount: number,
): Cheapest {
  const classIndex = new Int16Array(slotCount).fill(-1)
  const price = new Float64Array(slotCount).fill(Number.POSITIVE_INFINITY)
  for (const [k, capacity] of capacityRps.entries()) {
    if (capacity <= 0) continue
    for (let t = 0; t < slotCount; t += 1) {
      const own = (mu[k * slotCount + t] as number) / capacity
      if (own >= (price[t] as number)) continue
      price[t] = own
      classIndex[t] = k
    }
  }
  return { classIndex, price }
}

/** sums[t]: what serving with a version gains in slots 0 .. t - 1, capacity paid for. */
function gainsOf(
  { tenant, capacities, answers }: CapacityDemand,
  cheapest: Cheapest,
  accuracy: readonly number[],
): Float64Array {
  const sums = new Float64Array(accuracy.length + 1)
  for (let t = 0; t < accuracy.length; t += 1) {
    const worth = tenant.tenant.valuePerAnswer * (accuracy[t] as number)
    const price = cheapest.price[t] as number
    const at = bestPoint(capacities, answers, { t, worth, price })
    const gain = at < 0 ? 0 : worth * (answers[at] as number) - price * (capacities[at] as number)
    sums[t + 1] = (sums[t] as number) + gain
  }
  return sums
}

/** The corner of the polyline that gains most; -1 for none. */
function bestPoint(
  capacities: Float64Array,
  answers: Float64Array,
  { t, worth, price }: { readonly t: number; readonly worth: number; readonly price: number },
): number {
  if (price === Number.POSITIVE_INFINITY) return -1
  let best = -1
  let most = 0
  for (let at = t * pointCount; at < (t + 1) * pointCount; at += 1) {
    const gain = worth * (answers[at] as number) - price * (capacities[at] as number)
    if (gain <= most) continue
    most = gain
    best = at
  }
  return best
}

/** Takes what a tenant holds off what is unused. */
function hold(
  { tenant, capacityRps, capacities, answers }: CapacityDemand,
  held: {
    readonly cheapest: Cheapest
    readonly choice: RetrainingChoice | null
    readonly slotCount: number
    /** Slots of the choice that are not paid for. */
    readonly lent: number
  },
  unused: Float64Array,
): void {
  const { cheapest, choice, slotCount, lent } = held
  const done = choice === null ? slotCount : choice.start + choice.option.slots
  for (let t = 0; t < slotCount; t += 1) {
    const accuracy = t < done || choice === null ? tenant.tenant : choice.option
    const own = 'accuracyDeployed' in accuracy ? accuracy.accuracyDeployed : accuracy.accuracyAfter
    const worth = tenant.tenant.valuePerAnswer * (own[t] as number)
    const point = bestPoint(capacities, answers, { t, worth, price: cheapest.price[t] as number })
    if (point < 0) continue
    const k = cheapest.classIndex[t] as number
    const count = (capacities[point] as number) / (capacityRps[k] as number)
    unused[k * slotCount + t] = (unused[k * slotCount + t] as number) - count
  }
  if (choice === null) return
  for (let t = choice.start + lent; t < Math.min(done, slotCount); t += 1) {
    const at = choice.option.classIndex * slotCount + t
    unused[at] = (unused[at] as number) - 1
  }
}

/** sums[t]: the prices of class k in slots 0 .. t - 1. */
function sumsOf(mu: Float64Array, k: number, slotCount: number): Float64Array {
  const sums = new Float64Array(slotCount + 1)
  for (let t = 0; t < slotCount; t += 1) {
    sums[t + 1] = (sums[t] as number) + (mu[k * slotCount + t] as number)
  }
  return sums
}
