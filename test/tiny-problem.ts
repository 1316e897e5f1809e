import { must } from '../src/base/assert.ts'
import { findGpuModel } from '../src/core/mig/catalog.ts'
import { type GpuModel, profileById } from '../src/core/mig/gpu-model.ts'
import { baseProfileIds } from '../src/core/mig/placement.ts'
import { enumerateProfileCounts, type ProfileCounts } from '../src/core/mig/profile-counts.ts'
import type { InstanceClass, PlanningProblem, PlanningTenant } from '../src/core/plan/problem.ts'

/** Requests per second that one compute slice answers in the tiny problem. */
export const tinyRpsPerSlice = 10

export type TinyOptions = {
  readonly model?: GpuModel
  readonly profileIds?: readonly number[]
}

/**
 * A problem whose values can be worked out by hand: one GPU (an A100-80GB), ten slots of a second,
 * two tenants `a` and `b` with 50 requests a second each. A compute slice answers 10 a second in
 * time, exactly, up to the load of 1. U = 2 and V = 3 slots; the retraining `full` takes 12 s on one
 * compute slice, 12 / n on n, and raises the accuracy from 0.6 to 0.8. A request counts 1 / 500.
 */
export function tinyProblem(options: TinyOptions = {}): PlanningProblem {
  const model = options.model ?? must(findGpuModel('a100-80gb'))
  const profileIds = options.profileIds ?? baseProfileIds(model)
  const classes = profileIds.map((profileId) => ({
    gpuModelId: model.id,
    profileId,
    name: profileById(model, profileId).name,
  }))
  const slices = profileIds.map((profileId) => profileById(model, profileId).computeSlices)
  return {
    windowIndex: 1,
    startSeconds: 100,
    slotSeconds: 1,
    slotCount: 10,
    gpus: [{ id: 'gpu-0', model, profileIds, blocked: [] }],
    classes,
    tenants: ['a', 'b'].map((id) => tinyTenant(id, { model, profileIds, classes, slices })),
    running: [],
    isFirstLayoutFree: false,
    costs: {
      createSeconds: 0.25,
      destroySeconds: 0.25,
      cutOverSeconds: 0.5,
      checkpointSeconds: 0,
    },
    residenceSecondsMin: 0,
    terminalSeconds: 10,
  }
}

type TinySetting = {
  readonly model: GpuModel
  readonly profileIds: readonly number[]
  readonly classes: readonly InstanceClass[]
  readonly slices: readonly number[]
}

function tinyTenant(id: string, setting: TinySetting): PlanningTenant {
  const { model, profileIds, classes, slices } = setting
  const steady = (value: number) => Array.from({ length: 10 }, () => value)
  const sets = setsOf(model, profileIds).map((counts) => {
    const byClass = classes.map(({ profileId }) => counts.get(profileId) ?? 0)
    const capacityRps = byClass.reduce(
      (sum, n, k) => sum + n * tinyRpsPerSlice * must(slices[k]),
      0,
    )
    return { counts: byClass, capacityRps, inTimeShare: [1, 1] }
  })
  return {
    id,
    weight: 1,
    sloSeconds: 0.1,
    valuePerAnswer: 1 / 500,
    arrivals: { method: 'steady', meanRps: steady(50), dispersion: 1, backTestError: null },
    itemsPerRequest: 1,
    serving: slices.map((n) => ({
      itemsMax: 1,
      latencySeconds: [0, 1 / (tinyRpsPerSlice * n)],
      capacityItemsPerSecond: tinyRpsPerSlice * n,
      provenance: 'own',
    })),
    service: { classCount: classes.length, loads: [0, 1], sets },
    inferenceStartSeconds: 1,
    retrainingStartSeconds: 2.5,
    accuracyDeployed: steady(0.6),
    accuracyTerminal: 0.6,
    retraining: [
      {
        configurationId: 'full',
        secondsByClass: slices.map((n) => 12 / n),
        accuracyAfter: steady(0.8),
        accuracyTerminal: 0.8,
        accuracyUncertainty: 0,
      },
    ],
    underWay: null,
    sloAttainmentMin: null,
  }
}

/** All that can exist together; of a GPU shared by per cent, too many to list, single shares. */
function setsOf(model: GpuModel, profileIds: readonly number[]): readonly ProfileCounts[] {
  if (model.sharing !== undefined) return profileIds.map((id) => new Map([[id, 1]]))
  return enumerateProfileCounts(model, profileIds)
    .map(({ counts }) => counts)
    .slice(1)
}
