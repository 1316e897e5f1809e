import { must } from '../base/assert.ts'
import { profileById } from '../core/mig/gpu-model.ts'
import { checkLayout } from '../core/mig/layout.ts'
import { overlaps, type PlacedProfile, sliceMask } from '../core/mig/placement.ts'
import { type PlannedInstance, placeOfShare } from '../core/plan/plan.ts'
import {
  type ExecutorState,
  type GpuState,
  type InstanceState,
  placedOf,
} from './executor-state.ts'
import { gpuInstances, guestOf } from './pairs.ts'
import { freeSeat, isMadeFirst, wantedBeside } from './share-handover.ts'
import { claimOf, desiredTenure, dueCreates } from './tenures.ts'

export type NextOperation =
  | { readonly kind: 'create'; readonly planned: PlannedInstance; readonly start: number }
  | { readonly kind: 'destroy'; readonly instance: InstanceState }

/**
 * The one operation to begin on a GPU now, or null. What fits is created first; then what is in the
 * way of a due creation is destroyed, for the creation that needs the fewest; then what is no
 * longer planned, once it has stood idle for a while. So a GPU passes through zero instances only
 * where no order avoids it (an empty GPU has to be wholly idle before its next creation), and its
 * last instance stays until needed.
 */
export function nextOperation(state: ExecutorState, gpuIndex: number): NextOperation | null {
  const gpu = must(state.gpus[gpuIndex])
  if (gpu.operation !== null || state.frozen !== null || state.accepted === null) return null
  const here = gpuInstances(state.instances).filter((instance) => instance.gpu === gpuIndex)
  const due = dueCreates(state, gpuIndex).filter((planned) => !isBlocked(gpu, planned))
  for (const planned of due) {
    const start = startFor(state, gpuIndex, here, planned)
    if (start !== null) return { kind: 'create', planned, start }
  }
  if (state.nowSeconds < gpu.retryFromSeconds) return null
  const removable = here.filter((instance) => isRemovable(state, instance))
  const sacrifices = due
    .map((planned) => inTheWay(state, gpu, here, removable, planned))
    .filter((instances) => instances !== null)
    .sort((a, b) => a.length - b.length)
  const first = sacrifices[0]?.[0]
  if (first !== undefined) return { kind: 'destroy', instance: first }
  if (due.length > 0 || here.length <= 1) return null
  const unplanned = removable.find((instance) => isUnplanned(state, instance))
  return unplanned === undefined ? null : { kind: 'destroy', instance: unplanned }
}

/** When idle instances that no plan wants will have stood long enough; null when there are none. */
export function nextClearingSeconds(state: ExecutorState): number | null {
  if (state.accepted === null) return null
  const times = state.instances.flatMap(({ id, phase, idleSinceSeconds }) =>
    phase !== 'live' || idleSinceSeconds === null || claimOf(state, id) !== null
      ? []
      : [idleSinceSeconds + lingerSeconds],
  )
  const ahead = times.filter((at) => at > state.nowSeconds)
  return ahead.length === 0 ? null : Math.min(...ahead)
}

/** An instance that has just become idle may be in the next plan, which may be under way. */
const lingerSeconds = 10

function isUnplanned(state: ExecutorState, { id, idleSinceSeconds }: InstanceState): boolean {
  const hasLingered = state.nowSeconds >= (idleSinceSeconds ?? 0) + lingerSeconds
  return hasLingered && claimOf(state, id) === null
}

function placedAt(gpu: GpuState, planned: PlannedInstance): PlacedProfile {
  const { profileId, start } = placeOfShare(planned.share)
  return { profile: profileById(gpu.model, profileId), start }
}

function isBlocked(gpu: GpuState, planned: PlannedInstance): boolean {
  const { profile, start } = placedAt(gpu, planned)
  const mask = sliceMask(profile, start)
  return gpu.blocked.some((blocked) => (mask & (((1 << blocked.size) - 1) << blocked.start)) !== 0)
}

/** Where it can be created now, or null. */
function startFor(
  state: ExecutorState,
  gpuIndex: number,
  here: readonly InstanceState[],
  planned: PlannedInstance,
): number | null {
  const gpu = must(state.gpus[gpuIndex])
  const { profile, start } = placedAt(gpu, planned)
  if (!isMadeFirst(state, gpuIndex)) return fits(state, gpu, here, planned) ? start : null
  const seat = freeSeat(gpu, here, start)
  if (seat === null) return null
  const staying = wantedBeside(state, here).map((instance) => placedOf(state, instance))
  return checkLayout(gpu.model, [...staying, { profile, start: seat }]) === null ? seat : null
}

function fits(
  state: ExecutorState,
  gpu: GpuState,
  here: readonly InstanceState[],
  planned: PlannedInstance,
): boolean {
  const placed = here.map((instance) => placedOf(state, instance))
  return checkLayout(gpu.model, [...placed, placedAt(gpu, planned)]) === null
}

/** Nothing runs on it and by the plan nothing should. */
function isRemovable(state: ExecutorState, instance: InstanceState): boolean {
  const isIdle = instance.phase === 'live' && instance.worker === null
  if (guestOf(state, instance) !== null) return false
  return isIdle && desiredTenure(state, instance) === null
}

/** What has to go before it fits, or null when something that has to go cannot go yet. */
function inTheWay(
  state: ExecutorState,
  gpu: GpuState,
  here: readonly InstanceState[],
  removable: readonly InstanceState[],
  planned: PlannedInstance,
): readonly InstanceState[] | null {
  const wanted = placedAt(gpu, planned)
  const gone = here.filter((instance) => overlaps(placedOf(state, instance), wanted))
  if (gone.some((instance) => !removable.includes(instance))) return null
  const isLeft = (instance: InstanceState): boolean => !gone.includes(instance)
  // Slices are free by now; compute slices, counts and media engines may still be short.
  for (const instance of [...removable].sort((a, b) => rank(state, a) - rank(state, b))) {
    if (fits(state, gpu, here.filter(isLeft), planned)) return gone
    if (isLeft(instance)) gone.push(instance)
  }
  return fits(state, gpu, here.filter(isLeft), planned) ? gone : null
}

/** What the plan still wants later goes last. */
function rank(state: ExecutorState, instance: InstanceState): number {
  return claimOf(state, instance.id) === null ? 0 : 1
}
