import { must } from '../../base/assert.ts'
import type { Rng } from '../../base/rng.ts'
import {
  type ChoiceSearch,
  choiceSearchOf,
  consider,
  considerGuess,
  type Found,
  improveTenant,
} from './choice-search.ts'
import type { Scripted } from './placed-node.ts'
import { type Region, regionOf } from './region.ts'
import { servingCounts, tenantScore } from './serving-counts.ts'
import type { OwnedHold, Solution } from './solution.ts'
import type { WindowGpu, WindowModel } from './window-model.ts'
import type { Work } from './work.ts'

/** The most joint states of a neighbourhood: four tenants on an A100's base profiles have 2,094. */
const statesMax = 2600

/** A large-neighbourhood search over (GPU, some tenants) regions; the rest of the plan stays. */
export type NeighbourhoodSearch = {
  readonly model: WindowModel
  floorPrices: readonly number[]
  readonly rng: Rng
  current: Solution
  /** Called with every solution that is better than the one before. */
  readonly report: (solution: Solution) => void
}

/**
 * What is planned anew on a GPU: the serving of so many tenants at a time, and of what they retrain
 * there nothing, a guess for all of them, or also the best for one.
 */
export type Scope = {
  readonly tenantsMax: number
  readonly retraining: 'none' | 'guess' | 'improve'
}

/**
 * Replans one GPU after another for a few tenants at a time: what they serve there and, if asked
 * to, what they retrain there. Only what is better is taken over.
 */
export function* replanGpus(search: NeighbourhoodSearch, scope: Scope): Work {
  for (const gpu of shuffled(search.model.gpus, search.rng)) yield* visit(search, gpu, scope)
}

function* visit(search: NeighbourhoodSearch, gpu: WindowGpu, scope: Scope): Work {
  const { model, rng } = search
  const { retraining, tenantsMax } = scope
  const isRetraining = retraining !== 'none'
  const ranked = rankedTenants(search, gpu)
  const able = ranked.filter((w) => must(model.tenants[w]).options.length > 0)
  const waiting = able.filter((w) => search.current.choices[w] === null)
  const trainees = waiting.length > 0 && rng.uniform() < 0.75 ? waiting : able
  const trainee =
    isRetraining && able.length > 0 ? must(trainees[rng.integer(trainees.length)]) : null
  const pool = ranked.filter((w) => w !== trainee)
  const chosen = trainee === null ? [] : [trainee]
  const tenants = chosenTenants(search, gpu, { pool, chosen, tenantsMax })
  yield model.tenants.length * 10_000
  const region = tenants.length === 0 ? null : yield* neighbourhoodOf(search, gpu, tenants)
  if (region === null) return
  const choiceSearch = searchFrom(search, region)
  yield tenants.length * 50_000
  yield* consider(choiceSearch, search.current.choices)
  if (trainee === null) return
  yield* considerGuess(choiceSearch)
  if (retraining === 'guess') return
  const position = tenants.indexOf(trainee)
  yield* improveTenant(choiceSearch, must(region.tenants[position]))
}

/** A search that starts from the plan as it is, and only takes over what beats it. */
function searchFrom(search: NeighbourhoodSearch, region: Region): ChoiceSearch {
  const { model, floorPrices } = search
  const { gpu } = region.gpu
  const score = region.tenants.reduce((sum, { index }) => {
    return sum + tenantScore(model, search.current, index, floorPrices[index] ?? 0)
  }, 0)
  const { space } = region.gpu
  const mu = new Float64Array(space.kindCount * model.slotCount)
  const hints = { suggestions: [], guide: { mu } }
  const choiceSearch = choiceSearchOf(region, (found) => takeOver(search, gpu, found), hints)
  const { choices } = search.current
  const now = { choices, placed: { score, holds: must(search.current.holds[gpu]) } }
  choiceSearch.current = now
  choiceSearch.best = now
  return choiceSearch
}

function takeOver(search: NeighbourhoodSearch, gpu: number, { choices, placed }: Found): void {
  const holds = search.current.holds.map((own, other) => {
    if (other === gpu) return placed.holds
    return own.filter(({ role, tenant }) => role === 'inference' || choices[tenant]?.gpu === other)
  })
  search.current = { choices, holds }
  search.report(search.current)
}

function* neighbourhoodOf(
  search: NeighbourhoodSearch,
  gpu: WindowGpu,
  tenants: readonly number[],
): Work<Region | null> {
  const { model, current, floorPrices } = search
  const states = gpu.countedStates(tenants, statesMax)
  if (states === null) return null
  const elsewhere = (tenant: number) => servingCounts(model, current, tenant, gpu.gpu)
  const fixed = fixedBlocks(model, gpu, current, tenants)
  return yield* regionOf(model, gpu, { tenants, states, fixed, elsewhere, floorPrices })
}

/** What other tenants serve on the GPU stays when it is, though it may find another place. */
function fixedBlocks(
  { fitsBeside }: WindowModel,
  gpu: WindowGpu,
  { holds }: Solution,
  tenants: readonly number[],
): readonly Scripted[] {
  const fixed = must(holds[gpu.gpu]).filter(
    ({ tenant, role }) => role === 'inference' && !tenants.includes(tenant),
  )
  const lists = fitsBeside === null ? fixed.map((hold) => [hold]) : takenOver(fixed)
  return lists.map((parts) => {
    const { tenant, role, place, from } = must(parts[0])
    const until = Math.max(...parts.map((own) => own.until))
    const isThere = gpu.start.workers.some((own) => own.tenant === tenant && own.place === place)
    const { kind } = must(gpu.space.places[place])
    const fixedPlace = from === 0 && isThere ? place : null
    return { tenant, role, kind, from, until, place: fixedPlace, notPlace: null, parts }
  })
}

/** Holds in lists of those that take over from one another, each beginning before the last ends. */
function takenOver(holds: readonly OwnedHold[]): readonly (readonly OwnedHold[])[] {
  const lists: OwnedHold[][] = []
  for (const hold of [...holds].sort((a, b) => a.from - b.from)) {
    const before = lists.find((list) => {
      const last = must(list.at(-1))
      return last.place === hold.place && last.until > hold.from
    })
    if (before === undefined) lists.push([hold])
    else before.push(hold)
  }
  return lists
}

/** Those that hold something there, then by what one more instance there would bring them. */
function rankedTenants(search: NeighbourhoodSearch, gpu: WindowGpu): readonly number[] {
  const { model, current } = search
  const gains = model.tenants.map(({ index }) => gainOf(search, gpu, index))
  const indices = [...gains.keys()].filter((w) => must(gains[w]) > 0)
  const holders = new Set(must(current.holds[gpu.gpu]).map(({ tenant }) => tenant))
  const worth = (w: number) => must(gains[w]) * (holders.has(w) ? 1.5 : 1)
  return indices.sort((a, b) => worth(b) - worth(a))
}

/** What the largest instance of the GPU would bring a tenant beside what it has on other GPUs. */
function gainOf({ model, current }: NeighbourhoodSearch, gpu: WindowGpu, w: number): number {
  const tenant = must(model.tenants[w])
  const able = [...gpu.space.classes].reverse().find((k) => tenant.canServe[k] === true)
  if (able === undefined) return 0
  const counts = servingCounts(model, current, w, gpu.gpu)
  let gain = 0
  for (let t = 0; t < model.slotCount; t += 4) {
    const base = must(counts[t])
    const more = base.map((count, k) => (k === able ? count + 1 : count))
    const before = tenant.answers(base, t, t + 1)[t] as number
    const after = tenant.answers(more, t, t + 1)[t] as number
    gain += (after - before) * must(tenant.tenant.accuracyDeployed[t])
  }
  return gain * tenant.tenant.valuePerAnswer
}

/** The first ones mostly, now and then another; as many as their joint states allow. */
function chosenTenants(
  { rng }: NeighbourhoodSearch,
  gpu: WindowGpu,
  { pool, chosen, tenantsMax }: { pool: number[]; chosen: number[]; readonly tenantsMax: number },
): readonly number[] {
  while (pool.length > 0 && chosen.length < tenantsMax) {
    const at = rng.uniform() < 0.75 ? 0 : rng.integer(pool.length)
    const next = pool.splice(at, 1)
    const sorted = [...chosen, ...next].sort((a, b) => a - b)
    if (gpu.countedStates(sorted, statesMax) === null) break
    chosen.push(...next)
  }
  return chosen.sort((a, b) => a - b)
}

function shuffled<T>(items: readonly T[], rng: Rng): readonly T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = rng.integer(i + 1)
    const item = result[i] as T
    result[i] = result[j] as T
    result[j] = item
  }
  return result
}
