import { must } from '../base/assert.ts'
import type { RetrainingForecast } from '../core/forecast.ts'
import { emptyLayout, type Layout, place } from '../core/mig/layout.ts'
import { allPlacements, type PlacedProfile, sliceMask } from '../core/mig/placement.ts'
import type { Role } from '../core/plan/plan.ts'
import type { Block } from '../core/plan/plan-from-blocks.ts'
import type { PlanningGpu, PlanningProblem, RunningInstance } from '../core/plan/problem.ts'
import { classIndexOf } from '../core/plan/slots.ts'
import { fitsBeside } from '../core/plan/takeover.ts'
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
  /** (2a) Who starts beside the holder of each place, to take over from it. */
  readonly heirs: readonly Holder[]
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
    for (const option of must(options[index])) {
      const next = extendedBy(chosen, option)
      if (next === null) continue
      if (option.holder === null) visit(index + 1, layouts, next)
      else if (taken !== null) visit(index + 1, taken, next)
    }
  }
  const empty = problem.gpus.map(({ model }) => emptyLayout(model))
  visit(0, empty, { holders: [], heirs: [], retrainings: before.retrainings })
  return found
}

/** The layouts with that place held too, or null if it cannot be. */
function withPlace(layouts: readonly Layout[], { gpu, placed }: Place): readonly Layout[] | null {
  const result = place(must(layouts[gpu]), placed.profile, placed.start)
  if (result.kind !== 'placed') return null
  return layouts.map((own, index) => (index === gpu ? result.layout : own))
}

/** (3) One place more is decided; null if a tenant has begun a retraining elsewhere. */
function extendedBy(chosen: Situation, { holder, heir, begins }: Option): Situation | null {
  let { retrainings } = chosen
  for (const { tenant, begun } of begins) {
    if ((retrainings[tenant] ?? null) !== null) return null
    retrainings = retrainings.with(tenant, begun)
  }
  return { holders: [...chosen.holders, holder], heirs: [...chosen.heirs, heir], retrainings }
}

type Decision = {
  readonly here: Place
  readonly index: number
  readonly before: Situation
  readonly t: number
}

type Option = {
  readonly holder: Holder
  readonly heir: Holder
  readonly begins: readonly { readonly tenant: number; readonly begun: BegunRetraining }[]
}

/** Who holds the place, and who starts beside. */
function optionsAt(problem: PlanningProblem, decision: Decision): readonly Option[] {
  const options = holdersAt(problem, decision)
  if (problem.takeovers === undefined) return options
  return options.flatMap((option) => [option, ...heirsBeside(problem, decision, option)])
}

function holdersAt(problem: PlanningProblem, decision: Decision): readonly Option[] {
  const { before, index, t } = decision
  const holder = before.holders[index] ?? null
  const heir = before.heirs[index] ?? null
  const stays: Option = { holder, heir, begins: [] }
  if (holder !== null && heir !== null) {
    const takesOver: Option = { holder: heir, heir: null, begins: [] }
    const mayGo =
      holder.kind === 'retraining' ? t >= doneSlotOf(before, holder) : mayEnd(problem, holder, t)
    const mayStay =
      t < readySlotOf(before, heir) &&
      (holder.kind === 'inference' || t < doneSlotOf(before, holder))
    return [...(mayGo ? [takesOver] : []), ...(mayStay ? [stays] : [])]
  }
  // (3) Nothing moves or ends a retraining before it is done.
  if (holder?.kind === 'retraining' && t < doneSlotOf(before, holder)) return [stays]
  const goesOn: readonly Option[] = holder?.kind === 'inference' ? [stays] : []
  if (holder?.kind === 'inference' && !mayEnd(problem, holder, t)) return goesOn
  const empty: Option = { holder: null, heir: null, begins: [] }
  return [...goesOn, empty, ...newHolders(problem, decision, holder)]
}

function newHolders(
  problem: PlanningProblem,
  decision: Decision,
  holder: Holder,
): readonly Option[] {
  return [...newServing(problem, decision, holder), ...newTraining(problem, decision)]
}

/** (2a) Who may start beside the holder that an option has. */
function heirsBeside(
  problem: PlanningProblem,
  decision: Decision,
  option: Option,
): readonly Option[] {
  const { holder, heir, begins } = option
  const { here, before, t } = decision
  if (holder === null || heir !== null) return []
  const { retrainings } = must(extendedBy({ ...before, holders: [], heirs: [] }, option))
  const occupant = ({ tenant, kind }: Serving | Training) => ({ tenantIndex: tenant, kind })
  const worker = here.running?.worker ?? null
  const own = { ...decision, before: { ...before, retrainings } }
  return newHolders(problem, own, holder).flatMap((next): readonly Option[] => {
    const after = must(next.holder)
    const isThere = t === 0 && worker?.tenant === must(problem.tenants[after.tenant]).id
    if (isThere || !fitsBeside(problem, here.classIndex, occupant(holder), occupant(after)))
      return []
    const all = {
      retrainings: must(extendedBy({ ...own.before, holders: [], heirs: [] }, next)).retrainings,
    }
    const ready = readySlotOf(all, after)
    const isLate = holder.kind === 'retraining' && doneSlotOf(all, holder) > ready
    if (ready <= t || isLate) return []
    return [{ holder, heir: after, begins: [...begins, ...next.begins] }]
  })
}

type Begun = Pick<Situation, 'retrainings'>

function doneSlotOf({ retrainings }: Begun, { tenant }: Training): number {
  return must(retrainings[tenant]).doneSlot
}

function readySlotOf({ retrainings }: Begun, holder: Serving | Training): number {
  return holder.kind === 'inference'
    ? holder.serveFromSlot
    : must(retrainings[holder.tenant]).workFromSlot
}

/** (5) */
function mayEnd(problem: PlanningProblem, holder: Serving, t: number): boolean {
  const slotsMin = slotsFor(problem.residenceSecondsMin, problem.slotSeconds)
  const served = t - holder.serveFromSlot
  return holder.wasServing || served <= 0 || served >= slotsMin
}

/** (2, 6) To hold on for the tenant that holds it already is not to begin anew. */
function newServing(
  problem: PlanningProblem,
  { here, t }: Decision,
  holder: Holder,
): readonly Option[] {
  return problem.tenants.flatMap((own, tenant) => {
    const isSame = holder?.kind === 'inference' && holder.tenant === tenant
    if (isSame || (own.serving[here.classIndex] ?? null) === null) return []
    const worker = here.running?.worker ?? null
    const runs = t === 0 && worker?.role === 'inference' && worker.tenant === own.id
    const serveFromSlot = inferenceServesFromSlot(problem, own, t, here.running)
    const wasServing = runs && worker.readyInSeconds === 0
    const { classIndex } = here
    const at = { tenant, classIndex, fromSlot: t, serveFromSlot, wasServing }
    return [{ holder: { kind: 'inference', ...at }, heir: null, begins: [] }]
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
      const begun = { forecast, workFromSlot: t + span.warmUpSlots, doneSlot: t + span.slots }
      const crosses = begun.doneSlot > problem.slotCount
      if (crosses && begun.workFromSlot >= problem.slotCount) return []
      const { configurationId } = forecast
      const role = { kind: 'retraining', configurationId, resumes } as const
      const holder = { kind: 'retraining', tenant, fromSlot: t, role } as const
      return [{ holder, heir: null, begins: [{ tenant, begun }] }]
    })
  })
}

/**
 * What of a situation, at the start of slot t, decides about the future: two with the same text can
 * go on in the same ways.
 */
export function situationKey(problem: PlanningProblem, situation: Situation, t: number): string {
  const slotsMin = slotsFor(problem.residenceSecondsMin, problem.slotSeconds)
  const workers = [...situation.holders, ...situation.heirs]
  const holders = workers.map((holder) => {
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
  for (const [t, { holders, heirs }] of situations.entries()) {
    for (const [at, holder] of [...holders, ...heirs].entries()) {
      if (holder === null) continue
      const index = at % places.length
      const { gpu, placed } = must(places[index])
      const place = { gpu, profileId: placed.profile.profileId, start: placed.start }
      const own = { place, tenantIndex: holder.tenant, fromSlot: holder.fromSlot }
      const block: Block =
        holder.kind === 'inference'
          ? { ...own, role: { kind: 'inference' }, untilSlot: t + 1 }
          : { ...own, role: holder.role }
      blocks.set(`${index} ${holder.fromSlot} ${holder.kind} ${holder.tenant}`, block)
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
