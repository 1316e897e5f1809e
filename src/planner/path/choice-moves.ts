import type { Choices } from './region.ts'
import { doneSlot, type RetrainingChoice, type RetrainingOption } from './retraining-option.ts'
import type { WindowModel } from './window-model.ts'
import type { WindowTenant } from './window-tenant.ts'

/** Options that can run on the GPU, each as a choice from slot 0. */
export function optionsOn(
  model: WindowModel,
  { options }: WindowTenant,
  gpu: number,
): readonly RetrainingOption[] {
  const classes = model.gpus[gpu]?.space.classes ?? []
  const host = model.gpus[gpu]?.start.retraining ?? []
  return options.filter(
    ({ classIndex, kind }) =>
      classes.includes(classIndex) && (kind !== 'continue' || host.length > 0),
  )
}

/**
 * Retrainings worth a look for a tenant that has none, or another: from the start, right after or
 * right before somebody else's, and such that it is done at a few points of the window.
 */
export function insertions(
  model: WindowModel,
  tenant: WindowTenant,
  choices: Choices,
  gpu: number,
): readonly RetrainingChoice[] {
  const others = choices.filter(
    (choice, w): choice is RetrainingChoice =>
      choice !== null && w !== tenant.index && choice.gpu === gpu,
  )
  return optionsOn(model, tenant, gpu).flatMap((option) => {
    const quarter = model.slotCount / 4
    const starts = [
      0,
      ...others.map(doneSlot),
      ...others.map(({ start }) => start - option.slots),
      ...[1, 2, 3].map((n) => Math.round(n * quarter) - option.slots),
      ...[1, 2].map((n) => Math.round(n * quarter)),
    ]
    return startingAt(option, gpu, starts)
  })
}

/** Small changes of a choice: shifted in time, or on another class from its start or to its end. */
export function neighbours(
  model: WindowModel,
  tenant: WindowTenant,
  choice: RetrainingChoice,
): readonly RetrainingChoice[] {
  const shifts = [-1, 1, -2, 2, -4, 4, -8, 8, -16, 16].map((by) => choice.start + by)
  const own = startingAt(choice.option, choice.gpu, shifts)
  const others = optionsOn(model, tenant, choice.gpu).filter((option) => option !== choice.option)
  const end = doneSlot(choice)
  return [
    ...own,
    ...others.flatMap((option) =>
      startingAt(option, choice.gpu, [choice.start, end - option.slots]),
    ),
  ]
}

function startingAt(
  option: RetrainingOption,
  gpu: number,
  starts: readonly number[],
): readonly RetrainingChoice[] {
  const possible = starts.filter((start) => start >= 0 && start <= option.lastStart)
  return [...new Set(possible)].map((start) => ({ option, start, gpu }))
}

/**
 * A rough guess of what a choice brings, only to try the likely ones first: the gain of accuracy on
 * the answers given now, less the share of the GPU it holds while it runs.
 */
export function guessOf(
  model: WindowModel,
  tenant: WindowTenant,
  choice: RetrainingChoice,
  answersNow: Float64Array,
  rewardNow: Float64Array,
): number {
  const { option, start, gpu } = choice
  const { space } = model.gpus[gpu] as WindowModel['gpus'][number]
  const kind = space.classes.indexOf(option.classIndex)
  const size = (other: number) =>
    popCount(space.places.find((place) => place.kind === other)?.mask ?? 0)
  const whole = Math.max(...space.classes.map((_, other) => size(other)))
  const end = Math.min(doneSlot(choice), model.slotCount)
  const { accuracyDeployed, valuePerAnswer } = tenant.tenant
  let guess = 0
  for (let t = end; t < model.slotCount; t += 1) {
    const gain = (option.accuracyAfter[t] as number) - (accuracyDeployed[t] as number)
    guess += valuePerAnswer * gain * (answersNow[t] as number)
  }
  for (let t = start; t < end; t += 1) {
    guess -= ((0.5 * size(kind)) / whole) * (rewardNow[t] as number)
  }
  const gained = option.accuracyTerminal - tenant.tenant.accuracyTerminal
  return guess + (doneSlot(choice) <= model.slotCount ? tenant.terminalWeight * gained : 0)
}

function popCount(mask: number): number {
  let count = 0
  for (let left = mask; left !== 0; left &= left - 1) count += 1
  return count
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
