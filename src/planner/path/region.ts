import { must } from '../../base/assert.ts'
import {
  type BatchInputs,
  type BatchTables,
  emptyBatchTables,
  fillBatchTables,
} from './batch-programme.ts'
import { areChangesFree } from './free-states.ts'
import type { GpuStart } from './gpu-start.ts'
import type { Scripted } from './placed-node.ts'
import { doneSlot, type RetrainingChoice } from './retraining-option.ts'
import type { ServingStates } from './serving-states.ts'
import { type StartMove, startMovesOf } from './start-moves.ts'
import { type Swaps, swapsOf } from './swaps.ts'
import type { WindowGpu, WindowModel } from './window-model.ts'
import { accuracyIn, terminalValueOf, type WindowTenant } from './window-tenant.ts'
import { pieceSteps, type Work } from './work.ts'

/** The choices of all tenants of the problem. */
export type Choices = readonly (RetrainingChoice | null)[]

/**
 * What is planned together: the serving of some tenants on one GPU, beside what is fixed there.
 * `answers[i][t * multisetCount + m]` are the requests that tenant i has answered in time in slot t
 * with multiset m on this GPU (and what it holds on other GPUs).
 */
export type Region = {
  readonly model: WindowModel
  readonly gpu: WindowGpu
  readonly tenants: readonly WindowTenant[]
  readonly states: ServingStates
  readonly swaps: Swaps | null
  /** As of this region: tenants are positions in `tenants`. */
  readonly start: GpuStart
  readonly answers: readonly Float64Array[]
  /** Blocks of tenants that are not in the region. */
  readonly fixed: readonly Scripted[]
  /** Extra worth of an answer in time, per tenant: the multiplier of its floor. */
  readonly floorPrices: readonly number[]
  readonly tables: BatchTables
  readonly spare: BatchTables
}

/** A region's inputs for some choices; null when what is scripted does not fit by count. */
export type RegionCase = {
  readonly choices: Choices
  readonly inputs: BatchInputs
  readonly scripted: readonly Scripted[]
}

export type RegionValue = {
  readonly of: RegionCase
  /** J + T of the region's tenants, as far as counts can tell. */
  readonly score: number
  /** The part of the score that no serving decides. */
  readonly terminal: number
  readonly starts: readonly StartMove[]
  /** Rows 0 .. lastSlot are new against the tables that were adopted last. */
  readonly lastSlot: number
  readonly tables: BatchTables
}

export function* regionOf(
  model: WindowModel,
  gpu: WindowGpu,
  parts: {
    readonly tenants: readonly number[]
    readonly states: ServingStates
    readonly fixed: readonly Scripted[]
    /** Per tenant of the problem: what it has serving on other GPUs. */
    readonly elsewhere: (tenant: number) => CountsBySlot
    readonly floorPrices: readonly number[]
  },
): Work<Region> {
  const tenants = parts.tenants.map((w) => must(model.tenants[w]))
  const position = (tenant: number) => parts.tenants.indexOf(tenant)
  const here = <T extends { readonly tenant: number }>(own: readonly T[]) =>
    own
      .filter(({ tenant }) => position(tenant) >= 0)
      .map((item) => ({ ...item, tenant: position(item.tenant) }))
  const { start } = gpu
  const answers: Float64Array[] = []
  for (const tenant of tenants) {
    answers.push(yield* answersTable(model, gpu, tenant, parts.elsewhere(tenant.index)))
  }
  const { states } = parts
  return {
    model,
    gpu,
    tenants,
    states,
    swaps: yield* swapsOf(model, gpu.space, tenants, states),
    start: { ...start, workers: here(start.workers), retraining: here(start.retraining) },
    answers,
    fixed: parts.fixed,
    floorPrices: parts.floorPrices,
    tables: emptyBatchTables(model.slotCount, states.stateCount),
    spare: emptyBatchTables(model.slotCount, states.stateCount),
  }
}

/**
 * Counts per class of what a tenant has serving elsewhere, by slot; the same array while the same.
 */
export type CountsBySlot = readonly (readonly number[])[]

function* answersTable(
  { slotCount }: WindowModel,
  { space }: WindowGpu,
  tenant: WindowTenant,
  elsewhere: CountsBySlot,
): Work<Float64Array> {
  const { multisetCount, kindCount, classes, counts } = space
  const table = new Float64Array(slotCount * multisetCount)
  let steps = 0
  for (let m = 0; m < multisetCount; m += 1) {
    const own = counts.subarray(m * kindCount, (m + 1) * kindCount)
    if (own.some((n, kind) => n > 0 && !tenant.canServe[must(classes[kind])])) continue
    for (let from = 0, until = 0; from < slotCount; from = until) {
      const base = must(elsewhere[from])
      while (until < slotCount && elsewhere[until] === base) until += 1
      const all = [...base]
      for (const [kind, k] of classes.entries()) all[k] = must(all[k]) + (own[kind] as number)
      const answers = tenant.answers(all, from, until)
      for (let t = from; t < until; t += 1) table[t * multisetCount + m] = answers[t] as number
    }
    steps += slotCount * stepsPerAnswer
    if (steps < pieceSteps) continue
    yield steps
    steps = 0
  }
  yield steps
  return table
}

/** A look-up of what is answered costs about as much as so many relaxations. */
const stepsPerAnswer = 20

/**
 * The multiset that retraining and tenants not in the region hold in each slot; null if too much.
 */
export function occupiedUnder(region: Region, choices: Choices): Int16Array | null {
  const { gpu, model, fixed } = region
  const scripted = [...fixed, ...scriptedRetraining(gpu, choices, model.slotCount)]
  return occupiedBy(gpu, scripted, model.slotCount)
}

/** What the region is solved for under some choices; null if counts already forbid them. */
export function caseOf(region: Region, choices: Choices): RegionCase | null {
  const { model, gpu, tenants, states, fixed } = region
  const scripted = [...fixed, ...scriptedRetraining(gpu, choices, model.slotCount)]
  const occupied = occupiedBy(gpu, scripted, model.slotCount)
  if (occupied === null) return null
  const { multisetCount } = gpu.space
  const rewards = tenants.map((tenant, i) => {
    const answers = region.answers[i] as Float64Array
    const choice = choices[tenant.index] ?? null
    const floorPrice = region.floorPrices[tenant.index] ?? 0
    const reward = new Float64Array(answers.length)
    for (let t = 0; t < model.slotCount; t += 1) {
      const worth = tenant.tenant.valuePerAnswer * accuracyIn(tenant, choice, t) + floorPrice
      for (let m = t * multisetCount; m < (t + 1) * multisetCount; m += 1) {
        reward[m] = worth * (answers[m] as number)
      }
    }
    return reward
  })
  const { slotCount, residenceSlots } = model
  const warmUpSlots = warmUpsOf(tenants, residenceSlots, region.swaps)
  const { space } = gpu
  const serving = { space, states, slotCount, rewards, occupied, warmUpSlots, residenceSlots }
  const swaps = areChangesFree(serving) ? null : region.swaps
  // What begins in the first slot of a free start serves at once, and takes nothing over.
  const swapsFrom = gpu.start.isFree ? 1 : 0
  const readySlots = tenants.map((tenant) => tenant.warmUpSlots)
  const inputs = { ...serving, swaps, swapsFrom, readySlots }
  return { choices, inputs, scripted }
}

/**
 * What an instance takes to serve. Where some changes are free but not all, free ones are planned
 * to take a slot, in which they then serve as well: else there is more to try than can be. With
 * takeovers, which are more to try too, all that take nearly as long as the longest are planned in
 * one batch; who is ready sooner serves sooner.
 */
function warmUpsOf(
  tenants: readonly WindowTenant[],
  residenceSlots: number,
  swaps: Swaps | null,
): readonly number[] {
  const warmUpSlots = tenants.map((tenant) => tenant.warmUpSlots)
  if (areChangesFree({ warmUpSlots, residenceSlots })) return warmUpSlots
  const longest = swaps === null ? 0 : Math.max(...warmUpSlots)
  return warmUpSlots.map((slots) =>
    longest - slots <= nearlyLongest * longest ? Math.max(1, longest, slots) : Math.max(1, slots),
  )
}

/** Of the longest warm-up. */
const nearlyLongest = 0.25

/** The retrainings on a GPU as scripted holds, cut at the window's end. */
function scriptedRetraining(gpu: WindowGpu, choices: Choices, slotCount: number): Scripted[] {
  return choices.flatMap((choice, tenant) => {
    if (choice === null || choice.gpu !== gpu.gpu) return []
    const host = gpu.start.retraining.find((own) => own.tenant === tenant)?.place ?? null
    const kind = gpu.space.classes.indexOf(choice.option.classIndex)
    const span = { from: choice.start, until: Math.min(doneSlot(choice), slotCount) }
    const isContinued = choice.option.kind === 'continue'
    const isRestarted = choice.option.kind === 'restart'
    const places = { place: isContinued ? host : null, notPlace: isRestarted ? host : null }
    return [{ tenant, role: 'retraining', kind, ...span, ...places }]
  })
}

/** The multiset that is scripted in each slot; null if in some slot it does not fit. */
function occupiedBy(
  { space }: WindowGpu,
  scripted: readonly Scripted[],
  slotCount: number,
): Int16Array | null {
  const occupied = new Int16Array(slotCount)
  for (const { kind, from, until } of scripted) {
    for (let t = from; t < until; t += 1) {
      const more = kind < 0 ? -1 : space.plus[(occupied[t] as number) * space.kindCount + kind]
      if (more === undefined || more < 0) return null
      occupied[t] = more
    }
  }
  return occupied
}

/**
 * Solves the batch programme for a case. With `adopted`, the value whose tables the region holds,
 * only the slots before the last difference are computed.
 */
export function* valueOfCase(
  region: Region,
  of: RegionCase,
  adopted: RegionValue | null,
): Work<RegionValue> {
  const { model, tenants, start } = region
  const lastSlot = adopted === null ? model.slotCount - 1 : lastDifference(adopted.of, of)
  const tables = tablesUpTo(region, lastSlot)
  yield caseSteps + 2 * tenants.length * (of.inputs.rewards[0]?.length ?? 0)
  yield* fillBatchTables(of.inputs, tables, lastSlot)
  const starts = startMovesOf(of.inputs, tables, start.isFree ? null : start.workers)
  const terminal = tenants.reduce((sum, tenant) => {
    return sum + terminalValueOf(tenant, of.choices[tenant.index] ?? null, model.slotCount)
  }, 0)
  const score = (starts[0]?.estimate ?? Number.NEGATIVE_INFINITY) + terminal
  return { of, score, terminal, starts, lastSlot, tables }
}

/** What a case costs however small it is. */
const caseSteps = 2000

/** The last slot in which two cases of a region differ, -1 if none. */
function lastDifference(a: RegionCase, b: RegionCase): number {
  const { multisetCount } = a.inputs.space
  let last = -1
  for (let t = a.inputs.slotCount - 1; t > last; t -= 1) {
    if (a.inputs.occupied[t] !== b.inputs.occupied[t]) last = t
  }
  for (const [i, reward] of a.inputs.rewards.entries()) {
    const other = b.inputs.rewards[i] as Float64Array
    for (let index = reward.length - 1; index >= (last + 1) * multisetCount; index -= 1) {
      if (reward[index] !== other[index]) last = Math.floor(index / multisetCount)
    }
  }
  return last
}

/** Spare rows up to the slot, the adopted ones after it. */
function tablesUpTo({ tables, spare }: Region, lastSlot: number): BatchTables {
  const rows = (own: Float64Array[], others: Float64Array[]) =>
    own.map((row, t) => (t <= lastSlot ? row : (others[t] as Float64Array)))
  return {
    toGo: rows(spare.toGo, tables.toGo),
    served: rows(spare.served, tables.served),
  }
}

/** Makes the tables of a value the ones that the next values are computed against. */
export function adopt({ tables, spare }: Region, { lastSlot }: RegionValue): void {
  for (let t = 0; t <= lastSlot; t += 1) {
    for (const name of ['toGo', 'served'] as const) {
      const row = tables[name][t] as Float64Array
      tables[name][t] = spare[name][t] as Float64Array
      spare[name][t] = row
    }
  }
}
