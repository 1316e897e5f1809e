import { must } from '../src/base/assert.ts'
import type { Rng } from '../src/base/rng.ts'
import type { GpuModel } from '../src/core/mig/gpu-model.ts'
import { enumerateLayouts, type Layout } from '../src/core/mig/layout.ts'
import { allPlacements, sliceMask } from '../src/core/mig/placement.ts'
import type {
  BlockedPlacement,
  PlanningGpu,
  PlanningTenant,
  RunningInstance,
  RunningWorker,
} from '../src/core/plan/problem.ts'
import { randomRetraining, type TenantSetting } from './random-tenant.ts'

/** One placement that plans must leave alone. */
export function randomBlocked(
  rng: Rng,
  model: GpuModel,
  profileIds: readonly number[],
): readonly BlockedPlacement[] {
  const placements = allPlacements(model, profileIds).filter(
    ({ profile }) => 2 * profile.size <= model.memorySlices,
  )
  if (placements.length === 0) return []
  const { profile, start } = must(placements[rng.integer(placements.length)])
  const reasons = ['failed', 'foreign', 'drained'] as const
  return [{ start, size: profile.size, reason: must(reasons[rng.integer(3)]) }]
}

type StateSetting = Omit<TenantSetting, 'gpus'> & {
  readonly gpus: readonly PlanningGpu[]
  readonly tenants: readonly PlanningTenant[]
  readonly hasUnderWay: boolean
}

type State = {
  readonly running: readonly RunningInstance[]
  readonly tenants: readonly PlanningTenant[]
}

/** A running layout on every GPU, with workers; and one tenant's retraining under way. */
export function randomRunning(rng: Rng, setting: StateSetting): State {
  const running = setting.gpus.flatMap((gpu, gpuIndex) => {
    const layouts = unblockedLayouts(gpu)
    const layout = must(layouts[rng.integer(layouts.length)])
    return layout.placed.map(({ profile, start }): RunningInstance => {
      const { profileId, name } = profile
      const classIndex = classOf(setting, gpu, profileId)
      const worker = randomWorker(rng, setting, classIndex)
      return { id: `${gpu.id}/${name}@${start}/0`, gpu: gpuIndex, profileId, start, worker }
    })
  })
  const state = { running, tenants: setting.tenants }
  return setting.hasUnderWay ? withUnderWay(rng, setting, state) : state
}

function unblockedLayouts({ model, profileIds, blocked }: PlanningGpu): readonly Layout[] {
  const blockedMask = blocked.reduce((mask, { start, size }) => {
    return mask | (((1 << size) - 1) << start)
  }, 0)
  return enumerateLayouts(model, profileIds).filter(({ placed }) =>
    placed.every(({ profile, start }) => (sliceMask(profile, start) & blockedMask) === 0),
  )
}

function classOf({ classes }: StateSetting, { model }: PlanningGpu, profileId: number): number {
  return classes.findIndex((own) => own.gpuModelId === model.id && own.profileId === profileId)
}

function randomWorker(
  rng: Rng,
  { tenants, slotSeconds }: StateSetting,
  classIndex: number,
): RunningWorker | null {
  const tenant = must(tenants[rng.integer(tenants.length)])
  if (rng.uniform() < 0.2 || (tenant.serving[classIndex] ?? null) === null) return null
  const readyInSeconds = rng.uniform() < 0.7 ? 0 : 2 * rng.uniform() * slotSeconds
  return { tenant: tenant.id, role: 'inference', readyInSeconds }
}

/** Gives one tenant a retraining under way, on one of the instances or waiting as a checkpoint. */
function withUnderWay(rng: Rng, setting: StateSetting, state: State): State {
  const index = rng.integer(state.tenants.length)
  const tenant = must(state.tenants[index])
  const forecast = randomRetraining(rng, 'configuration-under-way', {
    ...setting,
    deployed: must(tenant.accuracyDeployed[0]),
    driftPerSlot: 0.1 / setting.slotCount,
  })
  const hosts = state.running.filter(({ gpu, profileId }) => {
    const classIndex = classOf(setting, must(setting.gpus[gpu]), profileId)
    return (forecast.secondsByClass[classIndex] ?? null) !== null
  })
  const host = rng.uniform() < 0.75 ? hosts[rng.integer(Math.max(1, hosts.length))] : undefined
  const readyInSeconds = rng.uniform() < 0.6 ? 0 : 1.5 * rng.uniform() * setting.slotSeconds
  const worker: RunningWorker = { tenant: tenant.id, role: 'retraining', readyInSeconds }
  const restoreSeconds = rng.uniform() * setting.slotSeconds
  const underWay = { forecast, instanceId: host?.id ?? null, restoreSeconds }
  return {
    running: state.running.map((instance) =>
      instance === host ? { ...instance, worker } : instance,
    ),
    tenants: state.tenants.map((other) => (other === tenant ? { ...other, underWay } : other)),
  }
}
