import { must } from '../../base/assert.ts'
import {
  expectedEndSeconds,
  type Plan,
  type PlannedInstance,
  type Tenure,
} from '../../core/plan/plan.ts'
import type { Occupant } from '../../core/plan/takeover.ts'
import { emptySolution } from './first-solutions.ts'
import type { RetrainingChoice } from './retraining-option.ts'
import { servesFrom } from './serving-counts.ts'
import type { OwnedHold, Solution } from './solution.ts'
import type { WindowGpu, WindowModel } from './window-model.ts'

/** What is held of a GPU in each slot: its memory slices, which multiset, and by whom. */
type Occupancy = {
  readonly masks: Int32Array
  readonly multisets: Int16Array
  readonly holds: OwnedHold[]
}

/** A hold of an earlier plan, and for a retraining what it is of. */
type Candidate = {
  readonly gpu: WindowGpu
  readonly hold: OwnedHold
  readonly choice: RetrainingChoice | null
}

/**
 * As much as still fits of a plan for this problem or an earlier one: its tenures, cut to the
 * window, in the order in which they begin. What began before the window goes on only where it
 * really runs; elsewhere it begins anew. Takeovers that are still possible stay.
 */
export function fittedSolution(model: WindowModel, plan: Plan): Solution {
  const { choices, holds } = emptySolution(model)
  const solution = { choices: [...choices], holds: holds.map((own) => [...own]) }
  const occupied = model.gpus.map(() => emptyOccupancy(model))
  const candidates = plan.instances
    .flatMap((instance) => instance.tenures.flatMap((own) => candidateOf(model, instance, own)))
    .sort((a, b) => a.hold.from - b.hold.from)
  for (const { gpu, hold, choice } of candidates) {
    if (choice !== null && solution.choices[hold.tenant] !== null) continue
    if (!occupy(model, must(occupied[gpu.gpu]), { gpu, hold, choice })) continue
    must(solution.holds[gpu.gpu]).push(hold)
    if (choice !== null) solution.choices[hold.tenant] = choice
  }
  return solution
}

function candidateOf(
  model: WindowModel,
  { gpu: index, share }: PlannedInstance,
  tenure: Tenure,
): readonly Candidate[] {
  const gpu = model.gpus[index]
  const tenant = model.tenants.findIndex((own) => own.tenant.id === tenure.tenant)
  if (share.kind !== 'mig' || gpu === undefined || tenant < 0) return []
  const { space } = gpu
  const place = space.places.findIndex(({ kind, start }) => {
    const { profileId } = must(model.problem.classes[must(space.classes[kind])])
    return start === share.start && profileId === share.profileId
  })
  const at = { tenant, place, ...slotsOf(model, tenure) }
  if (place < 0 || at.until <= 0 || at.from >= model.slotCount) return []
  const found =
    tenure.role.kind === 'inference'
      ? inferenceOf(model, gpu, at)
      : retrainingOf(model, gpu, at, tenure.role)
  return found === null ? [] : [found]
}

/** From the first slot that begins within the tenure to the last one that ends within it. */
function slotsOf({ problem }: WindowModel, tenure: Tenure) {
  const slot = (seconds: number) => (seconds - problem.startSeconds) / problem.slotSeconds
  return {
    from: Math.ceil(slot(tenure.initialiseFromSeconds) - 1e-9),
    until: Math.floor(slot(expectedEndSeconds(tenure)) + 1e-9),
  }
}

type At = {
  readonly tenant: number
  readonly place: number
  readonly from: number
  readonly until: number
}

function inferenceOf(model: WindowModel, gpu: WindowGpu, at: At): Candidate | null {
  const { slotCount, residenceSlots, tenants } = model
  const { kind } = must(gpu.space.places[at.place])
  if (!must(must(tenants[at.tenant]).canServe[must(gpu.space.classes[kind])])) return null
  const from = Math.max(0, at.from)
  const until = Math.min(slotCount, at.until)
  const hold: OwnedHold = { ...at, role: 'inference', from, until }
  const first = servesFrom(model, gpu, hold)
  const isLongEnough = until === slotCount || until - first >= residenceSlots
  return first < until && isLongEnough ? { gpu, hold, choice: null } : null
}

function retrainingOf(
  { tenants, slotCount }: WindowModel,
  gpu: WindowGpu,
  { tenant, place, from }: At,
  role: { readonly configurationId: string; readonly resumes: boolean },
): Candidate | null {
  const isHost = gpu.start.retraining.some((own) => own.tenant === tenant && own.place === place)
  const kind = from <= 0 && isHost ? 'continue' : role.resumes ? 'restart' : 'start'
  const classIndex = gpu.space.classes[must(gpu.space.places[place]).kind]
  const option = must(tenants[tenant]).options.find(
    (own) =>
      own.kind === kind &&
      own.classIndex === classIndex &&
      own.configurationId === role.configurationId,
  )
  const start = kind === 'continue' ? 0 : from
  const isPossible = option !== undefined && start >= 0 && start <= option.lastStart
  if (!isPossible || (kind === 'restart' && isHost)) return null
  const until = Math.min(slotCount, start + option.slots)
  const hold: OwnedHold = { tenant, place, role: 'retraining', from: start, until }
  return { gpu, hold, choice: { option, start, gpu: gpu.gpu } }
}

function emptyOccupancy({ slotCount }: WindowModel): Occupancy {
  return { masks: new Int32Array(slotCount), multisets: new Int16Array(slotCount), holds: [] }
}

/** Takes the hold in, unless it overlaps what is there and cannot take over from it. */
function occupy(model: WindowModel, occupancy: Occupancy, candidate: Candidate): boolean {
  const { masks, multisets, holds } = occupancy
  const { gpu, hold } = candidate
  const { space } = gpu
  const { kind, mask } = must(space.places[hold.place])
  const plus = (t: number) =>
    space.plus[(multisets[t] as number) * space.kindCount + kind] as number
  const before = holds.filter(({ place, until }) => place === hold.place && until > hold.from)
  if (before.length > 1 || before.some((own) => !takesOver(model, own, candidate))) return false
  const from = before[0]?.until ?? hold.from
  for (let t = from; t < hold.until; t += 1) {
    if (((masks[t] as number) & mask) !== 0 || plus(t) < 0) return false
  }
  for (let t = from; t < hold.until; t += 1) {
    masks[t] = (masks[t] as number) | mask
    multisets[t] = plus(t)
  }
  holds.push(hold)
  return true
}

/** Design 001, line 2a: whether the candidate may start beside who holds its place before. */
function takesOver(
  model: WindowModel,
  before: OwnedHold,
  { gpu, hold, choice }: Candidate,
): boolean {
  const { space } = gpu
  const classIndex = must(space.classes[must(space.places[hold.place]).kind])
  const ready =
    choice === null ? servesFrom(model, gpu, hold) : choice.start + choice.option.warmUpSlots
  const fits = model.fitsBeside?.(classIndex, occupantOf(before), occupantOf(hold)) ?? false
  return fits && before.from <= hold.from && before.until <= ready
}

function occupantOf({ tenant, role }: OwnedHold): Occupant {
  return { tenantIndex: tenant, kind: role }
}
