import type { Rng } from '../../base/rng.ts'
import { choicesKey, optionsOn, type Promising, promisingChoices, shifted } from './choice-moves.ts'
import { bestByRoom, marginalPrices } from './dual-prices.ts'
import { type PlacedRegion, placeRegion } from './place-region.ts'
import {
  adopt,
  type Choices,
  caseOf,
  occupiedUnder,
  type Region,
  type RegionValue,
  valueOfCase,
} from './region.ts'
import type { RetrainingChoice } from './retraining-option.ts'
import type { WindowTenant } from './window-tenant.ts'
import type { Work } from './work.ts'

/** Choices for a region with serving that goes with them, on places. */
export type Found = { readonly choices: Choices; readonly placed: PlacedRegion }

/**
 * A local search over what the region's tenants retrain, where the batch programme says what every
 * set of choices is worth. It reports what is better than everything before, and yields the steps
 * it took, so that whoever drives it decides when it is enough; alone it never ends.
 */
export type ChoiceSearch = {
  readonly region: Region
  /** Choices tried so far, so that none is computed twice. */
  readonly tried: Map<string, number>
  current: Found | null
  adopted: RegionValue | null
  best: Found | null
  readonly report: (found: Found) => void
  /** Choices from elsewhere that may be good, the last ones most likely. */
  readonly suggestions: Choices[]
  /** Prices that say where a retraining is cheap, as good as they are known. */
  readonly guide: { mu: Float64Array }
  /** The most that a path of counts lost when it was placed, relative to its score. */
  placingLoss: number
  /** Computed when it is first needed. */
  bestByRoom: Float64Array | null
}

export function choiceSearchOf(
  region: Region,
  report: ChoiceSearch['report'],
  hints: Pick<ChoiceSearch, 'suggestions' | 'guide'>,
): ChoiceSearch {
  const { suggestions, guide } = hints
  const nothing = { current: null, adopted: null, best: null, bestByRoom: null, placingLoss: 0 }
  return { region, tried: new Map(), ...nothing, report, suggestions, guide }
}

/** From these choices to choices that no single change of one tenant improves. */
export function* descend(search: ChoiceSearch, from: Choices): Work {
  search.current = null
  yield* consider(search, from)
  yield* improve(search)
}

/** Looks at the last suggestion; those before it are out of date. */
function* considerSuggestion(search: ChoiceSearch): Work {
  const suggestion = search.suggestions.pop()
  search.suggestions.length = 0
  if (suggestion !== undefined) yield* consider(search, suggestion)
}

/** From the current choices to choices that no single change of one tenant improves. */
export function* improve(search: ChoiceSearch): Work {
  for (let isBetter = search.current !== null; isBetter; ) {
    isBetter = false
    for (const tenant of search.region.tenants) {
      const before = scoreOf(search.current)
      yield* considerSuggestion(search)
      yield* improveTenant(search, tenant)
      if (scoreOf(search.current) > before) isBetter = true
    }
  }
}

/** Tries what else one tenant could do, and then when. */
export function* improveTenant(search: ChoiceSearch, tenant: WindowTenant): Work {
  if (tenant.options.length === 0) return
  const choices = search.current?.choices ?? []
  for (const { choice } of promising(search, tenant, choices, promisingMax)) {
    yield* considerChange(search, tenant, choice)
  }
  if (ownChoice(search, tenant) === null) return
  yield* considerChange(search, tenant, null)
  for (const by of shifts) yield* shiftWhileBetter(search, tenant, by)
}

/**
 * Tries a guess of what all tenants together should retrain: one after the other, whoever gains
 * most next, at prices beside what those before hold.
 */
export function* considerGuess(search: ChoiceSearch): Work {
  const { tenants, model, states } = search.region
  const choices = model.tenants.map((_, w) => {
    const isHere = tenants.some(({ index }) => index === w)
    return isHere ? null : (search.current?.choices[w] ?? null)
  })
  yield model.slotCount * states.stateCount * tenants.length
  const open = new Set(tenants.filter(({ options }) => options.length > 0))
  while (open.size > 0) {
    const guesses = [...open].flatMap((tenant) => {
      const best = promising(search, tenant, choices, 1)[0]
      return best === undefined || best.worth <= 0 ? [] : [{ tenant, ...best }]
    })
    yield stepsPerGuess * open.size
    if (guesses.length === 0) break
    const { tenant, choice } = guesses.reduce((a, b) => (b.worth > a.worth ? b : a))
    choices[tenant.index] = choice
    open.delete(tenant)
  }
  yield* consider(search, choices)
}

const stepsPerGuess = 100_000

/** What promises most for a tenant, beside the choices of the others. */
function promising(
  search: ChoiceSearch,
  tenant: WindowTenant,
  choices: Choices,
  count: number,
): readonly Promising[] {
  const { region, current } = search
  const answered = answeredNow(region, current, tenant)
  const guide = { mu: pricesBesideOthers(search, tenant, choices), answered }
  return promisingChoices(region.model, tenant, region.gpu.gpu, guide, count)
}

/** Prices of holding an instance beside what everybody else retrains: the higher of two guesses. */
function pricesBesideOthers(
  search: ChoiceSearch,
  tenant: WindowTenant,
  choices: Choices,
): Float64Array {
  const { region, guide } = search
  const others = choices.map((own, w) => (w === tenant.index ? null : own))
  const occupied = occupiedUnder(region, others)
  if (occupied === null) return guide.mu
  const { slotCount } = region.model
  const served = { slotCount, space: region.gpu.space, states: region.states }
  search.bestByRoom ??= bestByRoom({ ...served, tenants: servedTenants(region) })
  const marginal = marginalPrices(served, search.bestByRoom, occupied)
  return marginal.map((price, index) => Math.max(0.8 * price, guide.mu[index] as number))
}

function servedTenants({ tenants, answers }: Region) {
  return tenants.map((tenant, i) => ({ tenant, answers: answers[i] as Float64Array }))
}

/** Options tried in one look at one tenant. */
const promisingMax = 10
const shifts = [-16, 16, -4, 4, -1, 1] as const

function ownChoice(search: ChoiceSearch, { index }: WindowTenant): RetrainingChoice | null {
  const choice = search.current?.choices[index] ?? null
  return choice?.gpu === search.region.gpu.gpu ? choice : null
}

function* shiftWhileBetter(search: ChoiceSearch, tenant: WindowTenant, by: number): Work {
  for (let choice = ownChoice(search, tenant); choice !== null; ) {
    const moved = shifted(choice, by)
    if (moved === null) return
    yield* considerChange(search, tenant, moved)
    choice = ownChoice(search, tenant) === moved ? moved : null
  }
}

/**
 * Goes on until it finds nothing that it has not tried: guesses anew what some tenants do beside
 * the others; when that has not helped for a while, descends from the best choices, or from the
 * best with some changed at random.
 */
export function* searchOn(search: ChoiceSearch, rng: Rng, roundsMax: number): Work {
  const tenants = search.region.tenants.filter(({ options }) => options.length > 0)
  let descended: Found | null = null
  let stale = 0
  let fruitless = 0
  if (tenants.length === 0) return
  for (let round = 0; round < roundsMax && fruitless < fruitlessMax; round += 1) {
    yield 1000
    const { best, tried } = search
    const before = tried.size
    search.current = best
    yield* considerSuggestion(search)
    if (stale < staleMax) yield* considerRegrown(search, tenants, rng)
    else if (descended !== best) yield* improve(search)
    else yield* descend(search, changedAtRandom(search, tenants, rng))
    if (stale >= staleMax) descended = search.best
    stale = search.best !== best || stale >= staleMax ? 0 : stale + 1
    fruitless = tried.size === before ? fruitless + 1 : 0
  }
}

/** Rounds without a better plan after which something else is tried. */
const staleMax = 12

/** Tries the best choices with those of some tenants guessed anew, one after the other. */
function* considerRegrown(search: ChoiceSearch, tenants: readonly WindowTenant[], rng: Rng): Work {
  const choices = [...(search.current?.choices ?? search.region.model.tenants.map(() => null))]
  const open = [...tenants]
  const some: WindowTenant[] = []
  for (let n = 1 + rng.integer(Math.min(3, open.length)); n > 0; n -= 1) {
    some.push(...open.splice(rng.integer(open.length), 1))
  }
  for (const { index } of some) choices[index] = null
  for (const tenant of some) {
    const guesses = promising(search, tenant, choices, guessesMax)
    const good = guesses.filter(({ worth }) => worth > 0)
    const pick = good[Math.floor(good.length * rng.uniform() ** 2)]
    choices[tenant.index] = pick?.choice ?? null
  }
  yield stepsPerGuess * some.length
  yield* consider(search, choices)
}

/** Guesses that are thought of for one tenant. */
const guessesMax = 6

/** Rounds without anything new after which all there is to try was tried. */
const fruitlessMax = 100

function changedAtRandom(
  search: ChoiceSearch,
  tenants: readonly WindowTenant[],
  rng: Rng,
): Choices {
  const choices = [...(search.best?.choices ?? search.region.model.tenants.map(() => null))]
  const count = 1 + rng.integer(Math.min(2, tenants.length))
  for (let n = 0; n < count; n += 1) {
    const tenant = tenants[rng.integer(tenants.length)] as WindowTenant
    choices[tenant.index] = randomChoice(search, tenant, rng)
  }
  return choices
}

function randomChoice(
  { region }: ChoiceSearch,
  tenant: WindowTenant,
  rng: Rng,
): RetrainingChoice | null {
  const options = optionsOn(region.model, tenant, region.gpu.gpu)
  const option = options[rng.integer(options.length + 1)]
  if (option === undefined) return null
  return { option, start: rng.integer(option.lastStart + 1), gpu: region.gpu.gpu }
}

function scoreOf(found: Found | null): number {
  return found?.placed.score ?? Number.NEGATIVE_INFINITY
}

/** Requests of a tenant answered in time in each slot on the current path. */
function answeredNow(region: Region, current: Found | null, tenant: WindowTenant): Float64Array {
  const { model, gpu, answers, tenants } = region
  const { space } = gpu
  const own = answers[tenants.indexOf(tenant)] as Float64Array
  const answered = new Float64Array(model.slotCount)
  const holds = current?.placed.holds ?? []
  for (let t = 0; t < model.slotCount; t += 1) {
    let m = 0
    for (const { tenant: index, role, from, until, place } of holds) {
      if (index !== tenant.index || role !== 'inference' || t < from || t >= until) continue
      m = space.plus[m * space.kindCount + (space.places[place]?.kind ?? 0)] as number
    }
    answered[t] = own[t * space.multisetCount + Math.max(0, m)] as number
  }
  return answered
}

function* considerChange(
  search: ChoiceSearch,
  tenant: WindowTenant,
  choice: RetrainingChoice | null,
): Work {
  const choices = [...(search.current?.choices ?? [])]
  choices[tenant.index] = choice
  yield* consider(search, choices)
}

/** Takes these choices over if they are better than the current ones, on places. */
export function* consider(search: ChoiceSearch, choices: Choices): Work {
  const { region, tried } = search
  const key = choicesKey(choices)
  const before = scoreOf(search.current)
  if ((tried.get(key) ?? Number.POSITIVE_INFINITY) <= before + leastGain(before)) return
  const of = caseOf(region, choices)
  if (of === null) return
  const value = yield* valueOfCase(region, of, search.adopted)
  tried.set(key, value.score)
  if (!(value.score > before + leastGain(before))) return
  const placed = yield* placeRegion(region, value, before)
  const loss = 1 - Math.max(placed?.score ?? 0, before) / value.score
  search.placingLoss = Math.max(search.placingLoss, loss)
  if (placed === null || placed.score <= before) tried.set(key, placed?.score ?? before)
  else {
    search.current = { choices, placed }
    adopt(region, value)
    search.adopted = value
    if (placed.score > scoreOf(search.best)) {
      search.best = search.current
      search.report(search.current)
    }
  }
}

function leastGain(score: number): number {
  return Number.isFinite(score) ? 1e-9 * Math.abs(score) : 0
}
