import type { GpuModel } from '../../mig/gpu-model.ts'
import type { PlacedProfile } from '../../mig/placement.ts'
import {
  expectedEndSeconds,
  type Plan,
  type PlannedInstance,
  placeOfShare,
  type Tenure,
} from '../plan.ts'
import type { PlanningGpu, PlanningProblem, PlanningTenant, RunningInstance } from '../problem.ts'
import { withoutOverhead } from '../warm-up.ts'

/** One thing that is wrong with a plan: a sentence, and what it is about. */
export type Finding = {
  readonly message: string
  readonly instance: string | null
  readonly tenant: string | null
  readonly atSeconds: number | null
}

export type PlanRule = (subject: PlanUnderCheck) => readonly Finding[]

/**
 * A plan beside its problem, names looked up. What is not found is null and the breach of one rule;
 * the others pass over it.
 */
export type PlanUnderCheck = {
  /** As the plan's maker saw it: without overheads if it was blind to them. */
  readonly problem: PlanningProblem
  /** The problem as it is. */
  readonly given: PlanningProblem
  readonly plan: Plan
  readonly instances: readonly InstanceUnderCheck[]
  readonly tenures: readonly TenureUnderCheck[]
}

export type InstanceUnderCheck = {
  readonly instance: PlannedInstance
  readonly gpu: PlanningGpu | null
  readonly placed: PlacedProfile | null
  /** -1 without a class. */
  readonly classIndex: number
  readonly running: RunningInstance | null
  /** Slots in which it exists: [first, last). A running instance exists from the start. */
  readonly firstSlot: number
  readonly lastSlot: number
}

export type TenureUnderCheck = {
  readonly of: InstanceUnderCheck
  readonly tenure: Tenure
  readonly tenant: PlanningTenant | null
  /** In slots; not whole if the plan is off the grid. */
  readonly from: number
  readonly serveFrom: number
  readonly until: number
}

export function planUnderCheck(given: PlanningProblem, plan: Plan): PlanUnderCheck {
  const problem = plan.overhead === 'blind' ? withoutOverhead(given) : given
  const instances = plan.instances.map((instance) => instanceUnderCheck(problem, instance))
  const tenures = instances.flatMap((of) =>
    of.instance.tenures.map((tenure) => ({
      of,
      tenure,
      tenant: problem.tenants.find(({ id }) => id === tenure.tenant) ?? null,
      from: slotOf(problem, tenure.initialiseFromSeconds),
      serveFrom: slotOf(problem, tenure.serveFromSeconds),
      until: slotOf(problem, expectedEndSeconds(tenure)),
    })),
  )
  return { problem, given, plan, instances, tenures }
}

/** Whole slots exactly where the time is within a millionth of a slot of the grid. */
export function slotOf(problem: PlanningProblem, seconds: number): number {
  const slot = (seconds - problem.startSeconds) / problem.slotSeconds
  return Math.abs(slot - Math.round(slot)) < 1e-6 ? Math.round(slot) : slot
}

export function secondsOf(problem: PlanningProblem, slot: number): number {
  return problem.startSeconds + slot * problem.slotSeconds
}

/** A finding about an instance. */
export function onInstance(
  { instance }: InstanceUnderCheck,
  message: string,
  atSeconds: number | null = null,
): Finding {
  return {
    message: `Instance ${instance.id} ${message}`,
    instance: instance.id,
    tenant: null,
    atSeconds,
  }
}

/** A finding about a tenure, at its start unless told otherwise. */
export function onTenure({ of, tenure }: TenureUnderCheck, message: string): Finding {
  const what = tenure.role.kind === 'inference' ? 'Inference' : 'Retraining'
  const seconds = tenure.initialiseFromSeconds
  return {
    message: `${what} of ${tenure.tenant} on ${of.instance.id} from ${seconds} s ${message}`,
    instance: of.instance.id,
    tenant: tenure.tenant,
    atSeconds: seconds,
  }
}

/** The kind of share that a GPU is cut into. */
export function cutOf({ sharing }: GpuModel): Plan['mechanism'] {
  return sharing === undefined ? 'mig' : 'mps'
}

/** The GPUs of instances that can be told, each with the instances on it. */
export function byGpu(
  { problem, instances }: PlanUnderCheck,
  visit: (model: GpuModel, held: readonly HeldInstance[]) => readonly Finding[],
): readonly Finding[] {
  return problem.gpus.flatMap((gpu, index) => {
    const held = instances.flatMap((of) =>
      of.instance.gpu === index && of.placed !== null ? [{ ...of, placed: of.placed }] : [],
    )
    return visit(gpu.model, held)
  })
}

export type HeldInstance = InstanceUnderCheck & { readonly placed: PlacedProfile }

/** Each instance with all (itself too) that exist when its own life begins. */
export function atEachStart<T extends InstanceUnderCheck>(
  instances: readonly T[],
  visit: (started: T, alive: readonly T[]) => readonly Finding[],
): readonly Finding[] {
  return instances.flatMap((started) => {
    const slot = started.firstSlot
    if (started.lastSlot <= slot) return []
    return visit(
      started,
      instances.filter(({ firstSlot, lastSlot }) => firstSlot <= slot && slot < lastSlot),
    )
  })
}

function instanceUnderCheck(
  problem: PlanningProblem,
  instance: PlannedInstance,
): InstanceUnderCheck {
  const gpu = problem.gpus[instance.gpu] ?? null
  const { share, tenures, existing } = instance
  const place = placeOfShare(share)
  const isCut = gpu !== null && cutOf(gpu.model) === share.kind
  const profile =
    isCut && gpu.profileIds.includes(place.profileId)
      ? gpu.model.profiles.find(({ profileId }) => profileId === place.profileId)
      : undefined
  const classIndex = problem.classes.findIndex(
    (own) => own.gpuModelId === gpu?.model.id && own.profileId === profile?.profileId,
  )
  const starts = tenures.map((tenure) => slotOf(problem, tenure.initialiseFromSeconds))
  const ends = tenures.map((tenure) => slotOf(problem, expectedEndSeconds(tenure)))
  return {
    instance,
    gpu,
    placed: profile === undefined ? null : { profile, start: place.start },
    classIndex,
    running: problem.running.find(({ id }) => id === existing) ?? null,
    firstSlot: tenures.length === 0 || existing !== null ? 0 : Math.min(...starts),
    lastSlot: Math.min(problem.slotCount, Math.max(0, ...ends)),
  }
}
