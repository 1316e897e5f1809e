import { must } from '../base/assert.ts'
import type { Hindsight } from '../core/hindsight.ts'
import type { FixedInstance } from './fixed-instance.ts'
import { type FixedScore, type FixedUse, fixedUseScorer } from './hindsight-value.ts'
import {
  choicesOf,
  countChoices,
  type FixedHolder,
  type GpuChoice,
  type GpuOption,
  nobody,
  optionsOf,
  poolHolder,
} from './static-best-choices.ts'

export type StaticBest = {
  readonly layout: readonly FixedInstance[]
  readonly score: FixedScore
  /** Whether every layout and assignment was tried; else it is the best that was found. */
  readonly isExhaustive: boolean
  /** Layouts with assignments that were valued. */
  readonly tried: number
}

/** Above this many layouts with assignments a local search takes over. */
const choicesMax = 20_000
const triesMax = 6_000

/** The layout and assignment that, kept for the whole run, would have brought most Goodput. */
export function findStaticBest(hindsight: Hindsight): StaticBest {
  const options = optionsOf(hindsight)
  const search = newSearch(hindsight)
  const ways = options.reduce((product, own) => {
    return product * own.reduce((sum, option) => sum + countChoices(option), 0)
  }, 1)
  const isExhaustive = ways <= choicesMax
  if (isExhaustive) tryAll(search, options, [])
  else climb(search, options)
  const { choices, score } = must(search.best, 'There is always the empty layout')
  return { layout: layoutOf(hindsight, choices), score, isExhaustive, tried: search.tried }
}

type Scored = { readonly choices: readonly GpuChoice[]; readonly score: FixedScore }

type Search = {
  best: Scored | null
  tried: number
  readonly tryOut: (choices: readonly GpuChoice[]) => boolean
}

/** `tryOut` keeps what is better than everything before, and says whether it was. */
function newSearch(hindsight: Hindsight): Search {
  const scoreOf = fixedUseScorer(hindsight)
  const search: Search = {
    best: null,
    tried: 0,
    tryOut: (choices) => {
      search.tried += 1
      const score = scoreOf(useOf(hindsight, choices))
      const isBetter = search.best === null || isAbove(score, search.best.score)
      if (isBetter) search.best = { choices, score }
      return isBetter
    },
  }
  return search
}

function isAbove(a: FixedScore, b: FixedScore): boolean {
  if (a.floorsMissed !== b.floorsMissed) return a.floorsMissed < b.floorsMissed
  return a.goodput > b.goodput + 1e-12
}

function tryAll(
  search: Search,
  options: readonly (readonly GpuOption[])[],
  chosen: readonly GpuChoice[],
): void {
  const here = options[chosen.length]
  if (here === undefined) {
    search.tryOut(chosen)
    return
  }
  for (const option of here) {
    for (const choice of choicesOf(option)) tryAll(search, options, [...chosen, choice])
  }
}

/**
 * Local search for sites with too many assignments: one instance to another holder, two holders
 * exchanged, another layout of a GPU with its instances dealt anew; until nothing helps.
 */
function climb(search: Search, options: readonly (readonly GpuOption[])[]): void {
  search.tryOut(options.map((own, gpu) => dealt(must(own[0]), gpu)))
  for (let isImproved = true; isImproved && search.tried < triesMax; ) {
    const before = search.best
    for (const gpu of options.keys()) {
      tryHolders(search, gpu)
      for (let other = gpu; other < options.length; other += 1) tryExchanges(search, gpu, other)
      tryLayouts(search, gpu, must(options[gpu]))
    }
    isImproved = search.best !== before
  }
}

function bestChoices(search: Search): readonly GpuChoice[] {
  return must(search.best).choices
}

function tryHolders(search: Search, gpu: number): void {
  const { option } = must(bestChoices(search)[gpu])
  for (const [i, possible] of option.holders.entries()) {
    for (const holder of possible) {
      const choices = bestChoices(search)
      const { holders } = must(choices[gpu])
      if (search.tried >= triesMax || holder === holders[i]) continue
      search.tryOut(choices.with(gpu, { option, holders: holders.with(i, holder) }))
    }
  }
}

/** One instance of the first GPU and one of the second exchange their holders. */
function tryExchanges(search: Search, first: number, second: number): void {
  const instances = (gpu: number) => must(bestChoices(search)[gpu]).holders.keys()
  for (const i of instances(first)) {
    for (const j of instances(second)) {
      const exchanged = withExchange(bestChoices(search), [first, i], [second, j])
      if (search.tried < triesMax && exchanged !== null) search.tryOut(exchanged)
    }
  }
}

type At = readonly [gpu: number, instance: number]

function withExchange(choices: readonly GpuChoice[], a: At, b: At): readonly GpuChoice[] | null {
  const mine = holderAt(choices, a)
  const theirs = holderAt(choices, b)
  if (mine === theirs || !mayHold(choices, a, theirs) || !mayHold(choices, b, mine)) return null
  return withHolder(withHolder(choices, a, theirs), b, mine)
}

function holderAt(choices: readonly GpuChoice[], [gpu, i]: At): FixedHolder {
  return must(must(choices[gpu]).holders[i])
}

function mayHold(choices: readonly GpuChoice[], [gpu, i]: At, holder: FixedHolder): boolean {
  return must(must(choices[gpu]).option.holders[i]).includes(holder)
}

function withHolder(
  choices: readonly GpuChoice[],
  [gpu, i]: At,
  holder: FixedHolder,
): readonly GpuChoice[] {
  const own = must(choices[gpu])
  return choices.with(gpu, { ...own, holders: own.holders.with(i, holder) })
}

function tryLayouts(search: Search, gpu: number, options: readonly GpuOption[]): void {
  for (const option of options) {
    for (let turn = 0; turn < 3; turn += 1) {
      const choices = bestChoices(search)
      if (search.tried >= triesMax || option === must(choices[gpu]).option) continue
      search.tryOut(choices.with(gpu, dealt(option, gpu + turn)))
    }
  }
}

/** Instances dealt in turn to those who could hold them. */
function dealt(option: GpuOption, from: number): GpuChoice {
  const holders = option.holders.map((possible, i) => {
    return must(possible[(from + i) % possible.length])
  })
  return { option, holders }
}

function useOf(hindsight: Hindsight, choices: readonly GpuChoice[]): FixedUse {
  const { tenants, classes } = must(hindsight.windows[0])
  const serving = tenants.map(() => classes.map(() => 0))
  const pool: number[] = []
  for (const { option, holders } of choices) {
    for (const [i, holder] of holders.entries()) {
      const k = must(option.classes[i])
      if (holder === poolHolder) pool.push(k)
      else if (holder !== nobody) addOne(must(serving[holder]), k)
    }
  }
  return { serving, pool }
}

function addOne(counts: number[], k: number): void {
  counts[k] = must(counts[k]) + 1
}

function layoutOf(hindsight: Hindsight, choices: readonly GpuChoice[]): readonly FixedInstance[] {
  const everybody = must(hindsight.windows[0]).tenants.map((_, w) => w)
  return choices.flatMap(({ option, holders }, gpu) =>
    holders.flatMap((holder, i): FixedInstance[] => {
      const { profile, start } = must(option.placed[i])
      const place = { gpu, profileId: profile.profileId, start }
      return holder === nobody ? [] : [{ place, use: useBy(holder, everybody) }]
    }),
  )
}

function useBy(holder: FixedHolder, everybody: readonly number[]): FixedInstance['use'] {
  return holder === poolHolder
    ? { kind: 'pool', tenants: everybody }
    : { kind: 'inference', tenant: holder }
}
