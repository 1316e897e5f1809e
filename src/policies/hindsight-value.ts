import { must } from '../base/assert.ts'
import type { AccuracyOutlook, Hindsight, RetrainingDone } from '../core/hindsight.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { terminalWeight } from '../core/plan/value.ts'
import { newRetrainingSpan } from '../core/plan/warm-up.ts'
import { curveFor, inTimeRpsOf } from '../core/workload/service-table.ts'
import { fillPool, type PoolJob, type PoolOffer } from './fill-pool.ts'

/** Instances that stay as they are for a whole run, as far as their value goes. */
export type FixedUse = {
  /** By tenant: instances of each class that serve it. */
  readonly serving: readonly (readonly number[])[]
  /** Class of each instance of the retraining pool. */
  readonly pool: readonly number[]
}

/** Compared in this order: fewer windows in which a tenant's floor is missed, then more Goodput. */
export type FixedScore = { readonly floorsMissed: number; readonly goodput: number }

/**
 * What instances that never change bring over a whole run, known in advance: the sum over its
 * windows of the objective, with the pool handed round by gain in each window (fill-pool.ts), just
 * as a policy with these instances would do it.
 */
export function fixedUseScorer(given: Hindsight): (use: FixedUse) => FixedScore {
  const hindsight = { ...given, outlook: rememberedOutlook(given) }
  const trackOf = rememberedTracks(hindsight)
  return (use) => {
    let state: RunState = {
      floorsMissed: 0,
      goodput: 0,
      histories: use.serving.map(() => []),
      underWay: use.pool.map(() => null),
    }
    for (let window = 0; window < hindsight.windows.length; window += 1) {
      state = afterWindow(hindsight, trackOf, use, { ...state, window })
    }
    return state
  }
}

type Job = {
  readonly tenant: number
  readonly done: RetrainingDone
  /** e, in slots of the window that comes. */
  readonly doneSlot: number
}

type RunState = FixedScore & {
  readonly histories: readonly (readonly RetrainingDone[])[]
  /** By pool instance. */
  readonly underWay: readonly (Job | null)[]
}

function afterWindow(
  hindsight: Hindsight,
  trackOf: TrackOf,
  { serving, pool }: FixedUse,
  state: RunState & { readonly window: number },
): RunState {
  const { window, histories, underWay } = state
  const problem = must(hindsight.windows[window])
  const tracks = serving.map((counts, w) => trackOf(window, w, must(histories[w]), counts))
  const going = underWay.filter((job) => job !== null)
  const busy = new Set(going.map(({ tenant }) => tenant))
  const waiting = serving.map((_, w) => w).filter((w) => !busy.has(w))
  const free = underWay.map((job) => job?.doneSlot ?? 0)
  const jobs = fillPool(free, waiting, (instance, w, fromSlot) =>
    offersOf(problem, must(tracks[w]), { w, classIndex: must(pool[instance]), fromSlot }),
  )
  const begun = jobs.map((job) => ({ ...job, job: jobOf(must(tracks[job.tenant]), job, window) }))
  const all = [...going, ...begun.map(({ job }) => job)]
  const goodput =
    tracks.reduce((sum, { goodput: base }) => sum + base, 0) +
    begun.reduce((sum, own) => sum + insideGain(must(tracks[own.tenant]), own), 0) +
    going.reduce((sum, job) => sum + lateGain(hindsight, must(tracks[job.tenant]), window, job), 0)
  return {
    floorsMissed: state.floorsMissed + tracks.filter(({ isBelowFloor }) => isBelowFloor).length,
    goodput: state.goodput + goodput,
    histories: histories.map((own, w) => [
      ...own,
      ...all
        .filter((job) => job.tenant === w && job.doneSlot <= problem.slotCount)
        .map((j) => j.done),
    ]),
    underWay: pool.map((_, instance) => {
      const last = begun.findLast((own) => own.instance === instance)?.job ?? underWay[instance]
      if (last == null || last.doneSlot <= problem.slotCount) return null
      return { ...last, doneSlot: last.doneSlot - problem.slotCount }
    }),
  }
}

/** What one tenant gets in one window with these instances, and what retraining would add. */
type Track = {
  readonly goodput: number
  readonly isBelowFloor: boolean
  /** Value of an answer that is right, in each slot: answers times the value of each. */
  readonly answers: Float64Array
  readonly outlook: AccuracyOutlook
  readonly history: readonly RetrainingDone[]
  /** By configuration: gain of being done at slot e or earlier, e = 0 .. N. */
  readonly gainFrom: readonly Float64Array[]
  readonly terminalGain: readonly number[]
  /** Offers that were made already, by class and slot. */
  readonly offers: Map<string, readonly PoolOffer[]>
}

type TrackOf = (
  window: number,
  w: number,
  history: readonly RetrainingDone[],
  counts: readonly number[],
) => Track

/** Few sets of instances and few histories recur in thousands of assignments. */
function rememberedTracks(hindsight: Hindsight): TrackOf {
  const answersKnown = new Map<string, Float64Array>()
  const tracks = new Map<string, Track>()
  return (window, w, history, counts) => {
    const place = `${window} ${w} ${counts.join()}`
    const key = `${place} ${historyKey(history)}`
    const known = tracks.get(key)
    if (known !== undefined) return known
    const problem = must(hindsight.windows[window])
    const answers = answersKnown.get(place) ?? answersOf(problem, w, counts)
    answersKnown.set(place, answers)
    const outlook = hindsight.outlook(w, window, history)
    const track = trackFrom(problem, w, { answers, outlook, history })
    tracks.set(key, track)
    return track
  }
}

function rememberedOutlook({ outlook }: Hindsight): Hindsight['outlook'] {
  const known = new Map<string, AccuracyOutlook>()
  return (w, window, history) => {
    const key = `${window} ${w} ${historyKey(history)}`
    const before = known.get(key)
    if (before !== undefined) return before
    const made = outlook(w, window, history)
    known.set(key, made)
    return made
  }
}

function historyKey(history: readonly RetrainingDone[]): string {
  return history.map((own) => `${own.window}:${own.configurationId}`).join()
}

function answersOf(problem: PlanningProblem, w: number, counts: readonly number[]): Float64Array {
  const { service, arrivals, valuePerAnswer } = must(problem.tenants[w])
  const each = valuePerAnswer * problem.slotSeconds
  const curve = curveFor(service, counts)
  const { meanRps, dispersion } = arrivals
  return Float64Array.from(meanRps, (rps) => each * inTimeRpsOf(service, curve, rps, dispersion))
}

function trackFrom(
  problem: PlanningProblem,
  w: number,
  own: Pick<Track, 'answers' | 'outlook' | 'history'>,
): Track {
  const { answers, outlook } = own
  const tenant = must(problem.tenants[w])
  const inTime = answers.reduce((sum, value) => sum + value, 0)
  const perRequest = tenant.valuePerAnswer * problem.slotSeconds
  const arrived = perRequest * tenant.arrivals.meanRps.reduce((sum, rps) => sum + rps, 0)
  const weight = terminalWeight(problem, tenant)
  return {
    ...own,
    goodput: answers.reduce((sum, value, t) => sum + value * must(outlook.accuracyDeployed[t]), 0),
    isBelowFloor: inTime < ((tenant.sloAttainmentMin ?? 0) - 1e-9) * arrived,
    gainFrom: outlook.retraining.map(({ accuracyAfter }) =>
      sumsFrom(answers, accuracyAfter, outlook.accuracyDeployed),
    ),
    terminalGain: outlook.retraining.map(({ accuracyTerminal }) => {
      return weight * (accuracyTerminal - outlook.accuracyTerminal)
    }),
    offers: new Map(),
  }
}

/** sums[e] = sum over t >= e of answers[t] (after[t] - before[t]). */
function sumsFrom(
  answers: Float64Array,
  after: readonly number[],
  before: readonly number[],
): Float64Array {
  const sums = new Float64Array(answers.length + 1)
  for (let t = answers.length - 1; t >= 0; t -= 1) {
    const gain = (after[t] as number) - (before[t] as number)
    sums[t] = (sums[t + 1] as number) + (answers[t] as number) * gain
  }
  return sums
}

type Where = { readonly w: number; readonly classIndex: number; readonly fromSlot: number }

function offersOf(problem: PlanningProblem, track: Track, where: Where): readonly PoolOffer[] {
  const key = `${where.classIndex} ${where.fromSlot}`
  const known = track.offers.get(key)
  if (known !== undefined) return known
  const offers = newOffers(problem, track, where)
  track.offers.set(key, offers)
  return offers
}

function newOffers(problem: PlanningProblem, track: Track, where: Where): readonly PoolOffer[] {
  const { w, classIndex, fromSlot } = where
  const { slotCount } = problem
  if (fromSlot >= slotCount) return []
  return track.outlook.retraining.flatMap((forecast, configuration) => {
    const tenant = must(problem.tenants[w])
    const span = newRetrainingSpan(problem, tenant, forecast, classIndex)
    if (span === null) return []
    const doneSlot = fromSlot + span.slots
    const workFromSlot = fromSlot + span.warmUpSlots
    if (doneSlot > slotCount && workFromSlot >= slotCount) return []
    const inside = Math.min(1, (slotCount - workFromSlot) / Math.max(1, doneSlot - workFromSlot))
    const share = doneSlot <= slotCount ? 1 : inside
    const later = share * must(track.terminalGain[configuration])
    return [{ configuration, doneSlot, gain: gainAt(track, configuration, doneSlot) + later }]
  })
}

function gainAt(track: Track, configuration: number, doneSlot: number): number {
  const sums = must(track.gainFrom[configuration])
  return sums[Math.min(doneSlot, sums.length - 1)] as number
}

function insideGain(track: Track, job: PoolJob): number {
  return gainAt(track, job.configuration, job.doneSlot)
}

function jobOf(track: Track, { tenant, configuration, doneSlot }: PoolJob, window: number): Job {
  const { configurationId } = must(track.outlook.retraining[configuration])
  return { tenant, done: { window, configurationId }, doneSlot }
}

/** What a retraining of an earlier window adds in this one, from the slot in which it is done. */
function lateGain(hindsight: Hindsight, track: Track, window: number, job: Job): number {
  const { answers, outlook, history } = track
  const after = hindsight.outlook(job.tenant, window, [...history, job.done]).accuracyDeployed
  const sums = sumsFrom(answers, after, outlook.accuracyDeployed)
  return sums[Math.min(job.doneSlot, answers.length)] as number
}
