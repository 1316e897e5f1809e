import { must } from '../../base/assert.ts'
import { type ExactLabel, futureOf, keepLabel, solutionOf, withSlot } from './exact-label.ts'
import { holdingsAfter, itemsAtStart } from './exact-moves.ts'
import { knownTotal, offer, offerBound, type Progress } from './progress.ts'
import type { ServingStates } from './serving-states.ts'
import type { WindowModel } from './window-model.ts'
import { floorOf, terminalValueOf } from './window-tenant.ts'
import type { Work } from './work.ts'

/** Only problems with so few slots, and so few ways to hold a GPU in one, are tried. */
const slotsMax = 24
const waysMax = 600
/** Ways to go on that are looked at in all; then it was too large after all. */
const successorsMax = 150_000
/** What looking at one costs in relaxations. */
const stepsPerSuccessor = 600

/**
 * Solves a small problem: every way through the slots, of those with the same future only the best
 * (with floors: those that no other beats in worth and in answers). Then the best plan is optimal,
 * or no plan keeps the floors. Gives up on larger ones, and where workers may start beside others,
 * which it knows nothing of.
 */
export function* searchExactly(progress: Progress): Work {
  const { model } = progress
  if (model.fitsBeside !== null || !isSmall(model)) return
  const none = model.tenants.map(() => null)
  const zero = model.tenants.map(() => 0)
  const root = { items: itemsAtStart(model), choices: none, value: 0, answered: zero, before: null }
  const rest = mostAfter(model)
  let labels: readonly ExactLabel[] = [root]
  let successors = 0
  for (let t = 0; t < model.slotCount; t += 1) {
    const next = new Map<string, ExactLabel[]>()
    for (const label of labels) {
      const before = successors
      for (const holding of holdingsAfter(model, label, t)) {
        successors += 1
        const own = withSlot(model, label, holding, t)
        if (own.value + must(rest[t + 1]) <= knownTotal(progress)) continue
        const key = futureOf(own, t + 1)
        const same = next.get(key)
        if (same === undefined) next.set(key, [own])
        else keepLabel(same, own)
      }
      yield (successors - before) * stepsPerSuccessor
      if (successors > successorsMax) return
    }
    labels = [...next.values()].flat()
  }
  conclude(progress, labels)
}

/** Few slots, and few ways to hold all GPUs. */
function isSmall(model: WindowModel): boolean {
  if (model.slotCount > slotsMax) return false
  const nothing = { items: [], choices: model.tenants.map(() => null) }
  let ways = 0
  for (const _ of holdingsAfter(model, nothing, 0)) {
    ways += 1
    if (ways > waysMax) return false
  }
  return true
}

/**
 * The most that slots t .. N - 1 and what comes after can bring: in each slot the best counts, with
 * the best version of everybody.
 */
function mostAfter(model: WindowModel): Float64Array {
  const { slotCount, tenants, gpus } = model
  const most = new Float64Array(slotCount + 1)
  const states = gpus.length === 1 ? gpus[0]?.countedStates([...tenants.keys()], statesMax) : null
  most[slotCount] = tenants.reduce((sum, { tenant, options, terminalWeight }) => {
    const after = options.map(({ accuracyTerminal }) => accuracyTerminal)
    return sum + terminalWeight * Math.max(tenant.accuracyTerminal, ...after)
  }, 0)
  for (let t = slotCount - 1; t >= 0; t -= 1) {
    const worths = tenants.map(({ tenant, options }) => {
      const after = options.map(({ accuracyAfter }) => must(accuracyAfter[t]))
      return tenant.valuePerAnswer * Math.max(must(tenant.accuracyDeployed[t]), ...after)
    })
    const own = states ? mostOfStates(model, states, worths, t) : mostOfArrivals(model, worths, t)
    most[t] = must(most[t + 1]) + own
  }
  return most
}

const statesMax = 400

function mostOfStates(
  { gpus, tenants, problem }: WindowModel,
  { stateCount, held }: ServingStates,
  worths: readonly number[],
  t: number,
): number {
  const { space } = must(gpus[0])
  let most = 0
  for (let x = 0; x < stateCount; x += 1) {
    const worth = tenants.reduce((sum, { answers }, i) => {
      const m = held[i * stateCount + x] as number
      const counts = problem.classes.map((_, k) => {
        const kind = space.classes.indexOf(k)
        return kind < 0 ? 0 : (space.counts[m * space.kindCount + kind] as number)
      })
      return sum + must(worths[i]) * (answers(counts, t, t + 1)[t] as number)
    }, 0)
    most = Math.max(most, worth)
  }
  return most
}

function mostOfArrivals(
  { tenants, problem }: WindowModel,
  worths: readonly number[],
  t: number,
): number {
  return tenants.reduce((sum, { tenant }, i) => {
    return sum + must(worths[i]) * must(tenant.arrivals.meanRps[t]) * problem.slotSeconds
  }, 0)
}

function conclude(progress: Progress, labels: readonly ExactLabel[]): void {
  const { model } = progress
  if (labels.length === 0) {
    offerBound(progress, knownTotal(progress))
    return
  }
  const missed = labels.map((label) => shortfallOf(model, label))
  const least = Math.min(...missed)
  const nearest = labels.filter((_, i) => must(missed[i]) === least)
  const total = ({ value, choices }: ExactLabel) =>
    model.tenants.reduce((sum, tenant, w) => {
      return sum + terminalValueOf(tenant, choices[w] ?? null, model.slotCount)
    }, value)
  const best = nearest.reduce((a, b) => (total(b) > total(a) ? b : a))
  offer(progress, solutionOf(model, best))
  if (least > 0) progress.proof = 'No plan keeps every floor on SLO attainment'
  else offerBound(progress, knownTotal(progress))
}

/** The share of arrivals by which tenants miss their floors, like that of Progress. */
function shortfallOf({ tenants }: WindowModel, { answered }: ExactLabel): number {
  return tenants.reduce((sum, tenant, w) => {
    const missing = floorOf(tenant) - must(answered[w])
    return missing <= 1e-9 * tenant.arrivals ? sum : sum + missing / tenant.arrivals
  }, 0)
}
