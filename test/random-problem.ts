import { must } from '../src/base/assert.ts'
import type { Rng } from '../src/base/rng.ts'
import { findGpuModel } from '../src/core/mig/catalog.ts'
import { profileById } from '../src/core/mig/gpu-model.ts'
import { baseProfileIds } from '../src/core/mig/placement.ts'
import type {
  InstanceClass,
  PlanningProblem,
  PlanningTenant,
  Takeovers,
} from '../src/core/plan/problem.ts'
import { randomBlocked, randomRunning } from './random-state.ts'
import { randomTenant, type TenantSetting } from './random-tenant.ts'

/** What a random problem is made of; `size` gives the rest a default, drawn by the same seed. */
export type RandomProblemOptions = {
  /** small: for brute force, 3-6 slots and few profiles. full: a window as the product plans it. */
  readonly size: 'small' | 'full'
  /** One GPU each. */
  readonly gpuModelIds?: readonly string[]
  /** NVML ids; base profiles if left out. With GPUs of several models those that a model has. */
  readonly profileIds?: readonly number[]
  readonly tenantCount?: number
  readonly slotCount?: number
  readonly slotSeconds?: number
  /** U and V; 0 makes every change free. */
  readonly warmUpSlots?: number
  /** Most retraining configurations of a tenant. */
  readonly configurationsMax?: number
  /** Longest retraining on one compute slice, in slots. */
  readonly workSlotsMax?: number
  /** Items per second that arrive over those that all compute slices would serve. */
  readonly load?: number
  /** Instances run at the start (with workers, some not ready). */
  readonly hasRunning?: boolean
  /** One tenant's retraining is under way: on a running instance, or as a checkpoint. */
  readonly hasUnderWay?: boolean
  readonly hasBlocked?: boolean
  /** Off unless asked for: a floor can make a problem infeasible. */
  readonly hasFloors?: boolean
  readonly residenceSlots?: number
  /** Some workers fit beside others, by a memory table; off unless asked for. */
  readonly hasTakeovers?: boolean
}

/** The choices of `options`, each drawn where it was left open. */
type Choices = Required<Omit<RandomProblemOptions, 'size' | 'profileIds'>> & {
  readonly profileIds: readonly number[] | null
}

type SmallGpu = {
  readonly model: string
  readonly profileIds: readonly number[]
  readonly slotsMax: number
}

/** Few enough placements and slots that every plan can be tried. */
const smallGpus: readonly SmallGpu[] = [
  { model: 'a30', profileIds: [5, 0], slotsMax: 6 },
  { model: 'a30', profileIds: [14, 0], slotsMax: 3 },
  { model: 'a100-80gb', profileIds: [9, 5], slotsMax: 6 },
  { model: 'a100-80gb', profileIds: [9, 5, 0], slotsMax: 6 },
  { model: 'a100-80gb', profileIds: [14, 5], slotsMax: 6 },
  { model: 'a100-80gb', profileIds: [14, 9], slotsMax: 4 },
]

/** A well-formed planning problem: the same generator state gives the same problem. */
export function randomProblem(rng: Rng, options: RandomProblemOptions): PlanningProblem {
  const choices = choose(rng.split('choices'), options)
  const { slotCount, slotSeconds } = choices
  const state = rng.split('state')
  const gpus = choices.gpuModelIds.map((modelId, index) => {
    const model = must(findGpuModel(modelId), `No GPU model ${modelId}`)
    const known = choices.profileIds ?? baseProfileIds(model)
    const profileIds = known.filter((id) => model.profiles.some((own) => own.profileId === id))
    const blocked = choices.hasBlocked && index === 0 ? randomBlocked(state, model, profileIds) : []
    return { id: `gpu-${index}`, model, profileIds, blocked }
  })
  const classes = classesOf(gpus)
  const setting = settingOf(choices, { gpus, classes })
  const tenants = weighed(
    rng.split('weights'),
    choices,
    drawTenants(rng.split('tenants'), choices, setting),
  )
  const started = choices.hasRunning
    ? randomRunning(state, { ...setting, gpus, tenants, hasUnderWay: choices.hasUnderWay })
    : { running: [], tenants }
  const windowIndex = choices.hasRunning ? 1 + state.integer(4) : 0
  return {
    windowIndex,
    startSeconds: windowIndex * slotCount * slotSeconds,
    slotSeconds,
    slotCount,
    gpus,
    classes,
    tenants: started.tenants,
    running: started.running,
    isFirstLayoutFree: !choices.hasRunning && state.uniform() < 0.7,
    costs: costsOf(choices),
    residenceSecondsMin: choices.residenceSlots * slotSeconds,
    terminalSeconds: state.uniform() < 0.3 ? 0 : slotCount * slotSeconds * state.uniform(),
    ...(choices.hasTakeovers
      ? { takeovers: randomTakeovers(rng.split('takeovers'), classes, choices.tenantCount) }
      : {}),
  }
}

/** About half of all pairs of workers fit beside each other; of some workers nothing is known. */
function randomTakeovers(
  rng: Rng,
  classes: readonly InstanceClass[],
  tenantCount: number,
): Takeovers {
  const memoryMiB = classes.map(({ gpuModelId, profileId }) => {
    return profileById(must(findGpuModel(gpuModelId)), profileId).memoryMiB ?? null
  })
  const least = Math.min(...memoryMiB.flatMap((own) => own ?? []))
  const needs = () =>
    Array.from({ length: tenantCount }, () => {
      const needMiB = rng.uniform() < 0.15 ? null : Math.round(least * (0.2 + 0.7 * rng.uniform()))
      return classes.map(() => needMiB)
    })
  return { memoryMiB, inferenceMiB: needs(), retrainingMiB: needs() }
}

function choose(rng: Rng, options: RandomProblemOptions): Choices {
  const isSmall = options.size === 'small'
  const gpu = must(smallGpus[rng.integer(smallGpus.length)])
  const isCoarse = rng.uniform() < 0.5
  const slotCount =
    options.slotCount ?? (isSmall ? 3 + rng.integer(gpu.slotsMax - 2) : isCoarse ? 20 : 200)
  const slotSeconds = options.slotSeconds ?? (isSmall ? 1 + 4 * rng.integer(2) : isCoarse ? 10 : 1)
  const hasRunning = options.hasRunning ?? rng.uniform() < 0.6
  const longSlots = isSmall ? 6 : Math.round(0.9 * slotCount)
  const usual = isSmall ? rng.integer(3) : Math.ceil(6 / slotSeconds)
  return {
    gpuModelIds: options.gpuModelIds ?? [isSmall ? gpu.model : 'a100-80gb'],
    profileIds:
      options.profileIds ?? (isSmall && options.gpuModelIds === undefined ? gpu.profileIds : null),
    tenantCount: options.tenantCount ?? (isSmall ? 2 : 1 + rng.integer(4)),
    slotCount,
    slotSeconds,
    warmUpSlots: options.warmUpSlots ?? usual,
    configurationsMax: options.configurationsMax ?? (isSmall ? 2 : 3),
    workSlotsMax: options.workSlotsMax ?? longSlots,
    load: options.load ?? 0.6 + 0.7 * rng.uniform(),
    hasRunning: hasRunning || options.hasUnderWay === true,
    hasUnderWay: options.hasUnderWay ?? (hasRunning && rng.uniform() < 0.5),
    hasBlocked: options.hasBlocked ?? rng.uniform() < 0.15,
    hasFloors: options.hasFloors ?? false,
    hasTakeovers: options.hasTakeovers ?? false,
    residenceSlots: options.residenceSlots ?? (rng.uniform() < 0.3 ? 1 + rng.integer(3) : 0),
  }
}

function classesOf(gpus: PlanningProblem['gpus']): readonly InstanceClass[] {
  const classes = new Map<string, InstanceClass>()
  for (const { model, profileIds } of gpus) {
    for (const profileId of profileIds) {
      const { name } = profileById(model, profileId)
      classes.set(`${model.id} ${profileId}`, { gpuModelId: model.id, profileId, name })
    }
  }
  return [...classes.values()]
}

function settingOf(
  choices: Choices,
  { gpus, classes }: Pick<PlanningProblem, 'gpus' | 'classes'>,
): TenantSetting {
  const { slotSeconds, warmUpSlots } = choices
  return {
    ...choices,
    gpus,
    classes,
    slicesByClass: classes.map(({ gpuModelId, profileId }) => {
      const model = must(findGpuModel(gpuModelId))
      return profileById(model, profileId).computeSlices
    }),
    // With `costsOf`, U and V come to `warmUpSlots`.
    inferenceStartSeconds: warmUpSlots === 0 ? 0 : (warmUpSlots - 0.7) * slotSeconds,
    retrainingStartSeconds: warmUpSlots === 0 ? 0 : (warmUpSlots - 0.6) * slotSeconds,
    load: choices.load / choices.tenantCount,
  }
}

function costsOf({ slotSeconds, warmUpSlots }: Choices): PlanningProblem['costs'] {
  const share = warmUpSlots === 0 ? 0 : slotSeconds
  return {
    createSeconds: 0.25 * share,
    destroySeconds: 0.15 * share,
    cutOverSeconds: 0.1 * share,
    checkpointSeconds: 0.2 * slotSeconds,
  }
}

type Drawn = ReturnType<typeof randomTenant>

function drawTenants(rng: Rng, choices: Choices, setting: TenantSetting): readonly Drawn[] {
  return Array.from({ length: choices.tenantCount }, (_, index) => {
    const id = `tenant-${'abcdefghijklmnop'[index]}`
    return randomTenant(rng.split(id), id, setting)
  })
}

/** As if the run had five windows like this one. */
function weighed(rng: Rng, choices: Choices, drawn: readonly Drawn[]): readonly PlanningTenant[] {
  const weights = drawn.map(() => (rng.uniform() < 0.6 ? 1 : 0.5 + 2 * rng.uniform()))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return drawn.map((tenant, index) => {
    const perSecond = tenant.arrivals.meanRps.reduce((sum, rate) => sum + rate, 0)
    const requests = 5 * perSecond * choices.slotSeconds
    const weight = must(weights[index])
    return {
      ...tenant,
      weight,
      valuePerAnswer: requests > 0 ? weight / (total * requests) : 0,
      underWay: null,
      sloAttainmentMin: choices.hasFloors && rng.uniform() < 0.6 ? 0.6 * rng.uniform() : null,
    }
  })
}
