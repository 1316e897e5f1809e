import { doneSlot, type RetrainingChoice } from './retraining-option.ts'
import type { OwnedHold, Solution } from './solution.ts'
import type { WindowGpu, WindowModel } from './window-model.ts'

/** Nobody holds anything: legal whatever happens. */
export function emptySolution(model: WindowModel): Solution {
  return { choices: model.tenants.map(() => null), holds: model.gpus.map(() => []) }
}

/** Everything stays as it is: workers keep their instances, retraining under way goes on. */
export function keepLayout(model: WindowModel): Solution {
  const choices = model.tenants.map((_, tenant) => continuedChoice(model, tenant))
  return { choices, holds: model.gpus.map((gpu) => keptHolds(model, gpu, choices)) }
}

function continuedChoice(model: WindowModel, tenant: number): RetrainingChoice | null {
  const gpu = model.gpus.find(({ start }) => start.retraining.some((own) => own.tenant === tenant))
  const option = model.tenants[tenant]?.options.find(({ kind }) => kind === 'continue')
  return gpu === undefined || option === undefined ? null : { option, start: 0, gpu: gpu.gpu }
}

function keptHolds(
  { slotCount }: WindowModel,
  { start }: WindowGpu,
  choices: readonly (RetrainingChoice | null)[],
): readonly OwnedHold[] {
  const serving = start.workers
    .filter(({ readySlot }) => readySlot < slotCount)
    .map(({ tenant, place }): OwnedHold => {
      return { tenant, role: 'inference', place, from: 0, until: slotCount }
    })
  const retraining = start.retraining.flatMap(({ tenant, place }): OwnedHold[] => {
    const choice = choices[tenant] ?? null
    if (choice === null) return []
    const until = Math.min(doneSlot(choice), slotCount)
    return [{ tenant, role: 'retraining', place, from: 0, until }]
  })
  return [...serving, ...retraining]
}
