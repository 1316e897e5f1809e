import {
  type CapacityDual,
  type CapacityValue,
  capacityDualOf,
  capacityValueOf,
} from './capacity-dual.ts'
import { subgradientStateOf, subgradientStep } from './subgradient.ts'
import type { WindowModel } from './window-model.ts'
import type { Work } from './work.ts'

/** After so many evaluations prices hardly move any more. */
const evaluationsMax = 80
/** Doubles and the normal distribution's approximation are off by less than this share. */
const margin = 1e-6

/**
 * Bounds J + T of every plan of any number of GPUs and tenants (design 003, equation 13): all that
 * is held is paid for, answers grow with capacity alone, and changes cost nothing. Loose, but
 * quick; `report` is called with every bound.
 */
export function* boundByCapacity(
  model: WindowModel,
  target: () => number,
  report: (bound: number) => void,
): Work {
  const dual = capacityDualOf(model)
  yield model.tenants.length * model.slotCount * 200
  const prices = subgradientStateOf(startingPrices(dual))
  for (let evaluation = 0; evaluation < evaluationsMax; evaluation += 1) {
    const value = capacityValueOf(dual, prices.mu)
    report(value.bound + margin * Math.abs(value.bound))
    yield stepsOf(dual)
    if (prices.relaxation < leastRelaxation) return
    step(dual, prices, value, target())
  }
}

const leastRelaxation = 0.03

function step(
  { model: { slotCount } }: CapacityDual,
  prices: ReturnType<typeof subgradientStateOf>,
  { bound, unused }: CapacityValue,
  target: number,
): void {
  subgradientStep(prices, { value: bound, subgradient: unused, target }, { slotCount, block: 1 })
}

function stepsOf({ model, tenants, classCount, supplies }: CapacityDual): number {
  const versions = tenants.reduce((sum, { tenant }) => sum + 1 + tenant.options.length, 0)
  const layouts = supplies.reduce((sum, { largest }) => sum + largest.length * classCount, 0)
  return model.slotCount * (25 * versions + layouts)
}

/**
 * In every slot a price for a memory slice at which tenants would hold as many as there are, and
 * for each class as much for every slice of it.
 */
function startingPrices(dual: CapacityDual): Float64Array {
  const { slotCount } = dual.model
  const slices = slicesOf(dual)
  const mu = new Float64Array(dual.classCount * slotCount)
  const usual = Math.max(...dual.tenants.map(({ tenant }) => tenant.tenant.valuePerAnswer))
  const rate = Math.max(...dual.tenants.flatMap(({ capacityRps }) => capacityRps))
  const setTo = (t: number, price: number) => {
    for (const [k, size] of slices.entries()) mu[k * slotCount + t] = price * size
  }
  const low = new Float64Array(slotCount)
  const high = new Float64Array(slotCount).fill(usual * rate * dual.model.problem.slotSeconds)
  for (let round = 0; round < 12; round += 1) {
    for (let t = 0; t < slotCount; t += 1) {
      setTo(t, ((low[t] as number) + (high[t] as number)) / 2)
    }
    const { unused } = capacityValueOf(dual, mu)
    for (let t = 0; t < slotCount; t += 1) {
      const left = slices.reduce((sum, size, k) => sum + size * (unused[k * slotCount + t] ?? 0), 0)
      const middle = ((low[t] as number) + (high[t] as number)) / 2
      if (left > 0) high[t] = middle
      else low[t] = middle
    }
  }
  return mu
}

/** Memory slices of an instance of each class. */
function slicesOf({ supplies, classCount }: CapacityDual): readonly number[] {
  const slices: number[] = Array(classCount).fill(1)
  for (const { space } of supplies) {
    for (const { kind, mask } of space.places) {
      let size = 0
      for (let left = mask; left !== 0; left &= left - 1) size += 1
      slices[space.classes[kind] as number] = size
    }
  }
  return slices
}
