import type { Rng } from '../../base/rng.ts'
import { choicesKey, guessOf, insertions, neighbours } from './choice-moves.ts'
import { type PlacedRegion, placeRegion } from './place-region.ts'
import {
  adopt,
  type Choices,
  caseOf,
  type Region,
  type RegionValue,
  valueOfCase,
} from './region.ts'
import type { RetrainingChoice } from './retraining-option.ts'
import type { WindowTenant } from './window-tenant.ts'

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
}

export type Steps = Generator<number, void, void>

export function choiceSearchOf(
  region: Region,
  report: ChoiceSearch['report'],
  suggestions: Choices[] = [],
): ChoiceSearch {
  const nothing = { current: null, adopted: null, best: null }
  return { region, tried: new Map(), ...nothing, report, suggestions }
}

/** From these choices to choices that no single change of one tenant improves. */
export function* descend(search: ChoiceSearch, from: Choices): Steps {
  search.current = null
  yield* consider(search, from)
  yield* improve(search)
}

/** Looks at the last suggestion; those before it are out of date. */
function* considerSuggestion(search: ChoiceSearch): Steps {
  const suggestion = search.suggestions.pop()
  search.suggestions.length = 0
  if (suggestion !== undefined) yield* consider(search, suggestion)
}

/** From the current choices to choices that no single change of one tenant improves. */
export function* improve(search: ChoiceSearch): Steps {
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

/** Tries what else one tenant could do. */
export function* improveTenant(search: ChoiceSearch, tenant: WindowTenant): Steps {
  for (const choice of candidates(search, tenant)) yield* considerChange(search, tenant, choice)
}

/**
 * Goes on for ever: from the best choices with a suggestion that beats them, else by descending
 * from the best with some tenants' choices changed at random.
 */
export function* descendForEver(search: ChoiceSearch, rng: Rng): Steps {
  const tenants = search.region.tenants.filter(({ options }) => options.length > 0)
  while (tenants.length > 0) {
    yield 1
    const best = search.best
    search.current = best
    yield* considerSuggestion(search)
    if (search.best !== best) yield* improve(search)
    else yield* descend(search, changedAtRandom(search, tenants, rng))
  }
}

function changedAtRandom(
  search: ChoiceSearch,
  tenants: readonly WindowTenant[],
  rng: Rng,
): Choices {
  const choices = [...(search.best?.choices ?? search.region.model.tenants.map(() => null))]
  const count = 1 + rng.integer(Math.min(2, tenants.length))
  for (let n = 0; n < count; n += 1) {
    const tenant = tenants[rng.integer(tenants.length)] as WindowTenant
    choices[tenant.index] = randomChoice(search, tenant, choices, rng)
  }
  return choices
}

function randomChoice(
  { region }: ChoiceSearch,
  tenant: WindowTenant,
  choices: Choices,
  rng: Rng,
): RetrainingChoice | null {
  const all = insertions(region.model, tenant, choices, region.gpu.gpu)
  const chosen = all[rng.integer(all.length + 1)]
  if (chosen === undefined) return null
  const start = Math.min(chosen.option.lastStart, Math.max(0, chosen.start + rng.integer(33) - 16))
  return { ...chosen, start }
}

function scoreOf(found: Found | null): number {
  return found?.placed.score ?? Number.NEGATIVE_INFINITY
}

/** What else the tenant could do, the likely ones first. */
function candidates(
  { region, current }: ChoiceSearch,
  tenant: WindowTenant,
): readonly (RetrainingChoice | null)[] {
  const { model, gpu } = region
  const choices = current?.choices ?? []
  const own = choices[tenant.index] ?? null
  const near = own === null || own.gpu !== gpu.gpu ? [] : neighbours(model, tenant, own)
  const now = servedNow(region, current)
  const guess = (choice: RetrainingChoice) =>
    guessOf(model, tenant, choice, now.answers.get(tenant) ?? now.rewards, now.rewards)
  const far = insertions(model, tenant, choices, gpu.gpu).map(
    (choice) => [choice, guess(choice)] as const,
  )
  const likely = far
    .sort((a, b) => b[1] - a[1])
    .slice(0, insertionsMax)
    .map(([choice]) => choice)
  return own === null ? likely : [...near, null, ...likely]
}

/** Insertions tried in one look at one tenant. */
const insertionsMax = 16

/** Answers per slot of each tenant, and the reward of all, on the current path. */
function servedNow({ tenants, model, gpu, answers }: Region, current: Found | null) {
  const { space } = gpu
  const rewards = new Float64Array(model.slotCount)
  const byTenant = new Map<WindowTenant, Float64Array>()
  for (const [i, tenant] of tenants.entries()) {
    const now = new Float64Array(model.slotCount)
    const holds = current?.placed.holds.filter(
      (hold) => hold.tenant === tenant.index && hold.role === 'inference',
    )
    for (let t = 0; t < model.slotCount; t += 1) {
      let m = 0
      for (const { from, until, place } of holds ?? []) {
        const kind = space.places[place]?.kind ?? 0
        if (from <= t && t < until) m = space.plus[m * space.kindCount + kind] ?? m
      }
      const served = (answers[i] as Float64Array)[t * space.multisetCount + Math.max(0, m)] ?? 0
      now[t] = served
      const { valuePerAnswer, accuracyDeployed } = tenant.tenant
      rewards[t] =
        (rewards[t] as number) + valuePerAnswer * (accuracyDeployed[t] as number) * served
    }
    byTenant.set(tenant, now)
  }
  return { answers: byTenant, rewards }
}

function* considerChange(
  search: ChoiceSearch,
  tenant: WindowTenant,
  choice: RetrainingChoice | null,
): Steps {
  const choices = [...(search.current?.choices ?? [])]
  choices[tenant.index] = choice
  yield* consider(search, choices)
}

/** Takes these choices over if they are better than the current ones, on places. */
export function* consider(search: ChoiceSearch, choices: Choices): Steps {
  const { region, tried } = search
  const key = choicesKey(choices)
  const before = scoreOf(search.current)
  if ((tried.get(key) ?? Number.POSITIVE_INFINITY) <= before + leastGain(before)) return
  const of = caseOf(region, choices)
  if (of === null) return
  const value = valueOfCase(region, of, search.adopted)
  tried.set(key, value.score)
  if (!(value.score > before + leastGain(before))) {
    yield value.steps
    return
  }
  const { placed, steps } = placeRegion(region, value, before)
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
  yield value.steps + steps
}

function leastGain(score: number): number {
  return Number.isFinite(score) ? 1e-9 * Math.abs(score) : 0
}
