import { must } from '../base/assert.ts'
import type { RetrainingForecast } from '../core/forecast.ts'
import { emptyLayout, type Layout, place } from '../core/mig/layout.ts'
import { allPlacements, type PlacedProfile, sliceMask } from '../core/mig/placement.ts'
import type { Role } from '../core/plan/plan.ts'
import type { Block } from '../core/plan/plan-from-blocks.ts'
import type { PlanningGpu, PlanningProblem, RunningInstance } from '../core/plan/problem.ts'
import { classIndexOf } from '../core/plan/slots.ts'
import {
  continuedRetrainingSpan,
  inferenceServesFromSlot,
  newRetrainingSpan,
  restartedRetrainingSpan,
  slotsFor,
} from '../core/plan/warm-up.ts'

/** A possible GPU instance of the problem, on slices that are not blocked. */
export type Place = {
  readonly gpu: number
  readonly placed: PlacedProfile
  readonly classIndex: number
  readonly running: RunningInstance | null
}

/** Who holds a place in a slot; null is nobody. */
export type Holder = Serving | Training | null

type Serving = {
  readonly kind: 'inference'
  readonly tenant: number
  readonly classIndex: number
  readonly fromSlot: number
  readonly serveFromSlot: number
  /** It served when the problem began: residence asks nothing of it. */
  readonly wasServing: boolean
}

type Training = {
  readonly kind: 'retraining'
  readonly tenant: number
  readonly fromSlot: number
  readonly role: Extract<Role, { kind: 'retraining' }>
}

/** A tenant's retraining, once begun: `doneSlot` is e. */
export type BegunRetraining = {
  readonly forecast: RetrainingForecast
  readonly workFromSlot: number
  readonly doneSlot: number
}

/** Who holds each place in a slot, and what each tenant's retraining has come to. */
export type Situation = {
  readonly holders: readonly Holder[]
  readonly retrainings: readonly (BegunRetraining | null)[]
}

export function placesOf(problem: PlanningProblem): readonly Place[] {
  return problem.gpus.flatMap((own, gpu) =>
    allPlacements(own.model, own.profileIds)
      .filter((placed) => !isBlocked(own, placed))
      .map((placed) => ({
        gpu,
        placed,
        classIndex: classIndexOf(problem, gpu, placed.profile.profileId),
        running: runningAt(problem, gpu, placed),
      })),
  )
}

/** (1) Every situation that slot t can have after `before`, the situation of the slot before it. */
export function successors(
  problem: PlanningProblem,
  places: readonly Place[],
  before: Situation,
  t: number,
): readonly Situation[] {
  const options = places.map((here, index) => optionsAt(problem, { here, index, before, t }))
  const found: Situation[] = []
  const visit = (index: number, layouts: readonly Layout[], chosen: Situation): void => {
    const here = places[index]
    if (here === undefined) {
      found.push(chosen)
      return
    }
    const taken = withPlace(layouts, here)
    for (const { holder, begins } of must(options[index])) {
      const next = extendedBy(chosen, holder, begins)
      if (next === null) continue
      if (holder === null) visit(index + 1, layouts, next)
      else if (taken !== null) visit(index + 1, taken, next)
    }
  }
  const empty = problem.gpus.map(({ model }) => emptyLayout(model))
  visit(0, empty, { holders: [], retrainings: before.retrainings })
  return found
}

/** The layouts with that place held too, or null if it cannot be. */
function withPlace(layouts: readonly Layout[], { gpu, placed }: Place): readonly Layout[] | null {
  const result = place(must(layouts[gpu]), placed.profile, placed.start)
  if (result.kind !== 'placed') return null
  return layouts.map((own, index) => (index === gpu ? result.layout : own))
}

/** (3) One place more is decided; null if its tenant has begun a retraining elsewhere. */
function extendedBy(
  chosen: Situation,
  holder: Holder,
  begins: BegunRetraining | null,
): Situation | null {
  const holders = [...chosen.holders, holder]
  if (holder === null || begins === null) return { holders, retrainings: chosen.retrainings }
  if ((chosen.retrainings[holder.tenant] ?? null) !== null) return null
  const retrainings = chosen.retrainings.map((own, w) => (w === holder.tenant ? begins : own))
  return { holders, retrainings }
}

type Decision = {
  readonly here: Place
  readonly index: number
  readonly before: Situation
  readonly t: number
}

type Option = {
  readonly holder: Holder
  readonly begins: BegunRetraining | null
}

function optionsAt(problem: PlanningProblem, decision: Decision): readonly Option[] {
  const { before, index, t } = decision
  const holder = before.holders[index] ?? null
  if (holder?.kind === 'retraining') {
    // (3) Nothing moves or ends a retraining before it is done.
    const { doneSlot } = must(before.retrainings[holder.tenant])
    if (t < doneSlot) return [{ holder, begins: null }]
  }
  const goesOn: readonly Option[] = holder?.kind === 'inference' ? [{ holder, begins: null }] : []
  if (holder?.kind === 'inference' && !mayEnd(problem, holder, t)) return goesOn
  const empty: Option = { holder: null, begins: null }
  return [...goesOn, empty, ...newServing(problem, decision), ...newTraining(problem, decision)]
}

/** (5) */
function mayEnd(problem: PlanningProblem, holder: Serving, t: number): boolean {
  const slotsMin = slotsFor(problem.residenceSecondsMin, problem.slotSeconds)
  const served = t - holder.serveFromSlot
  return holder.wasServing || served <= 0 || served >= slotsMin
}

/** (2, 6) To hold on for the tenant that holds it already is not to begin anew. */
function newServing(problem: PlanningProblem, decision: Decision): readonly Option[] {
  const { here, before, index, t } = decision
  const holder = before.holders[index] ?? null
  return problem.tenants.flatMap((own, tenant) => {
    const isSame = holder?.kind === 'inference' && holder.tenant === tenant
    if (isSame || (own.serving[here.classIndex] ?? null) === null) return []
    const worker = here.running?.worker ?? null
    const runs = t === 0 && worker?.role === 'inference' && worker.tenant === own.id
    const serveFromSlot = inferenceServesFromSlot(problem, own, t, here.running)
    const wasServing = runs && worker.readyInSeconds === 0
    const { classIndex } = here
    const at = { tenant, classIndex, fromSlot: t, serveFromSlot, wasServing }
    return [{ holder: { kind: 'inference', ...at }, begins: null }]
  })
}

/** (3, 4, 6) */
function newTraining(problem: PlanningProblem, decision: Decision): readonly Option[] {
  const { here, before, t } = decision
  return problem.tenants.flatMap((own, tenant) => {
    if ((before.retrainings[tenant] ?? null) !== null) return []
    const resumes = own.underWay !== null
    const offered = own.underWay === null ? own.retraining : [own.underWay.forecast]
    return offered.flatMap((forecast): readonly Option[] => {
      const isHost = here.running !== null && here.running.id === own.underWay?.instanceId
      if (isHost && t > 0) return []
      const span = isHost
        ? continuedRetrainingSpan(problem, own, here.classIndex)
        : resumes
          ? restartedRetrainingSpan(problem, own, here.classIndex)
          : newRetrainingSpan(problem, own, forecast, here.classIndex)
      if (span === null) return []
      const begins = { forecast, workFromSlot: t + span.warmUpSlots, doneSlot: t + span.slots }
      const crosses = begins.doneSlot > problem.slotCount
      if (crosses && begins.workFromSlot >= problem.slotCount) return []
      const { configurationId } = forecast
      const role = { kind: 'retraining', configurationId, resumes } as const
      return [{ holder: { kind: 'retraining', tenant, fromSlot: t, role }, begins }]
    })
  })
}

/**
 * What of a situation, at the start of slot t, decides about the future: two with the same text can
 * go on in the same ways.
 */
export function situationKey(problem: PlanningProblem, situation: Situation, t: number): string {
  const slotsMin = slotsFor(problem.residenceSecondsMin, problem.slotSeconds)
  const holders = situation.holders.map((holder) => {
    if (holder === null) return '-'
    if (holder.kind === 'retraining') return `r${holder.tenant}`
    const { tenant, serveFromSlot, wasServing } = holder
    const warmUpLeft = Math.max(0, serveFromSlot - t)
    const served = Math.max(0, t - serveFromSlot)
    return `${tenant}.${warmUpLeft}.${wasServing ? 'x' : Math.min(served, slotsMin)}`
  })
  const retrainings = situation.retrainings.map((begun) =>
    begun === null
      ? '-'
      : `${begun.forecast.configurationId}.${begun.workFromSlot}.${begun.doneSlot}`,
  )
  return `${holders.join(' ')} | ${retrainings.join(' ')}`
}

/** The blocks that a sequence of situations, one a slot, comes to. */
export function heldBlocks(
  places: readonly Place[],
  situations: readonly Situation[],
): readonly Block[] {
  const blocks = new Map<string, Block>()
  for (const [t, { holders }] of situations.entries()) {
    for (const [index, holder] of holders.entries()) {
      if (holder === null) continue
      const { gpu, placed } = must(places[index])
      const at = { gpu, profileId: placed.profile.profileId, start: placed.start }
      const own = { place: at, tenantIndex: holder.tenant, fromSlot: holder.fromSlot }
      const block: Block =
        holder.kind === 'inference'
          ? { ...own, role: { kind: 'inference' }, untilSlot: t + 1 }
          : { ...own, role: holder.role }
      blocks.set(`${index} ${holder.fromSlot}`, block)
    }
  }
  return [...blocks.values()]
}

function isBlocked({ blocked }: PlanningGpu, { profile, start }: PlacedProfile): boolean {
  const mask = sliceMask(profile, start)
  return blocked.some((own) => (mask & (((1 << own.size) - 1) << own.start)) !== 0)
}

function runningAt(
  problem: PlanningProblem,
  gpu: number,
  { profile, start }: PlacedProfile,
): RunningInstance | null {
  const found = problem.running.find(
    (own) => own.gpu === gpu && own.profileId === profile.profileId && own.start === start,
  )
  return found ?? null
}
