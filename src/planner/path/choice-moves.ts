import { must } from '../../base/assert.ts'
import type { Choices } from './region.ts'
import { type RetrainingChoice, type RetrainingOption, terminalShare } from './retraining-option.ts'
import type { WindowModel } from './window-model.ts'
import type { WindowTenant } from './window-tenant.ts'

/** Options that can run on the GPU. */
export function optionsOn(
  model: WindowModel,
  { options, index }: WindowTenant,
  gpu: number,
): readonly RetrainingOption[] {
  const { space, start } = must(model.gpus[gpu])
  const isHost = start.retraining.some((own) => own.tenant === index)
  return options.filter(
    ({ classIndex, kind }) => space.classes.includes(classIndex) && (kind !== 'continue' || isHost),
  )
}

/** What a guess of a choice's worth goes by. */
export type Guide = {
  /** Prices of holding an instance: mu[kind * slotCount + t]. */
  readonly mu: Float64Array
  /** Requests that the tenant has answered in time in each slot, as things stand. */
  readonly answered: Float64Array
}

/** A choice, and a guess of what it brings. */
export type Promising = { readonly choice: RetrainingChoice; readonly worth: number }

/**
 * The retrainings of a tenant that promise most on a GPU, at most `count`: the gain of accuracy on
 * the answers as they are, less the price of the instance that each would hold. Every option is
 * represented by its best start, and by the best one some time away from it.
 */
export function promisingChoices(
  model: WindowModel,
  tenant: WindowTenant,
  gpu: number,
  { mu, answered }: Guide,
  count: number,
): readonly Promising[] {
  const { slotCount } = model
  const { space } = must(model.gpus[gpu])
  const promising = optionsOn(model, tenant, gpu).flatMap((option) => {
    const kind = space.classes.indexOf(option.classIndex)
    const price = prefixSums(mu.subarray(kind * slotCount, (kind + 1) * slotCount))
    const gain = gainsFrom(tenant, option, answered)
    const worthAt = (start: number) => {
      const end = Math.min(slotCount, start + option.slots)
      const terminal = terminalGain(tenant, { option, start, gpu }, slotCount)
      return must(gain[end]) + terminal - (must(price[end]) - must(price[start]))
    }
    const first = bestStart(option, worthAt, (_) => true)
    const away = Math.max(10, option.slots >> 1)
    const second = bestStart(option, worthAt, (start) => Math.abs(start - first) >= away)
    const starts = second < 0 ? [first] : [first, second]
    return starts
      .filter((start) => start >= 0 && worthAt(start) > -prohibitive / 2)
      .map((start) => ({ choice: { option, start, gpu }, worth: worthAt(start) }))
  })
  promising.sort((a, b) => b.worth - a.worth)
  return promising.slice(0, count)
}

/** Best of the option's possible starts that are allowed; -1 if none is. */
function bestStart(
  { lastStart }: RetrainingOption,
  worthAt: (start: number) => number,
  isAllowed: (start: number) => boolean,
): number {
  let best = -1
  let most = Number.NEGATIVE_INFINITY
  for (let start = 0; start <= lastStart; start += 1) {
    if (!isAllowed(start) || worthAt(start) <= most) continue
    most = worthAt(start)
    best = start
  }
  return best
}

/** Stands for infinity in sums. */
const prohibitive = 1e6

/** sums[t]: the values of 0 .. t - 1. */
function prefixSums(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1)
  for (let t = 0; t < values.length; t += 1) {
    sums[t + 1] = must(sums[t]) + Math.min(must(values[t]), prohibitive)
  }
  return sums
}

/** gains[e]: what the option's version answers better in slots e .. N - 1. */
function gainsFrom(
  { tenant }: WindowTenant,
  { accuracyAfter }: RetrainingOption,
  answered: Float64Array,
): Float64Array {
  const gains = new Float64Array(answered.length + 1)
  for (let t = answered.length - 1; t >= 0; t -= 1) {
    const better = must(accuracyAfter[t]) - must(tenant.accuracyDeployed[t])
    gains[t] = must(gains[t + 1]) + tenant.valuePerAnswer * better * must(answered[t])
  }
  return gains
}

function terminalGain(
  { tenant, terminalWeight }: WindowTenant,
  choice: RetrainingChoice,
  slotCount: number,
): number {
  const share = terminalShare(choice, slotCount)
  return share * terminalWeight * (choice.option.accuracyTerminal - tenant.accuracyTerminal)
}

/** The choice moved in time, or null where it cannot start then. */
export function shifted(choice: RetrainingChoice, by: number): RetrainingChoice | null {
  const start = choice.start + by
  return start < 0 || start > choice.option.lastStart ? null : { ...choice, start }
}

/** Names a set of choices. */
export function choicesKey(choices: Choices): string {
  return choices
    .map((choice) => {
      if (choice === null) return '-'
      const { option, start, gpu } = choice
      return `${option.kind[0]}${option.configurationId}/${option.classIndex}@${gpu}+${start}`
    })
    .join(' ')
}
