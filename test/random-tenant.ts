import type { Rng } from '../src/base/rng.ts'
import type { RetrainingForecast } from '../src/core/forecast.ts'
import type { GpuModel } from '../src/core/mig/gpu-model.ts'
import type { InstanceClass, PlanningTenant } from '../src/core/plan/problem.ts'
import { randomServing, serviceTableOf } from './random-service.ts'

/** What the tenants of one random problem have in common. */
export type TenantSetting = {
  readonly gpus: readonly { readonly model: GpuModel; readonly profileIds: readonly number[] }[]
  readonly classes: readonly InstanceClass[]
  readonly slicesByClass: readonly number[]
  readonly slotCount: number
  readonly slotSeconds: number
  readonly configurationsMax: number
  /** Of a retraining on one compute slice. */
  readonly workSlotsMax: number
  readonly inferenceStartSeconds: number
  readonly retrainingStartSeconds: number
  /** Mean items per second that arrive, over those that all compute slices together would serve. */
  readonly load: number
}

/** A tenant with everything but weights, values and work under way, which its problem decides. */
export function randomTenant(
  rng: Rng,
  id: string,
  setting: TenantSetting,
): Omit<PlanningTenant, 'weight' | 'valuePerAnswer' | 'underWay' | 'sloAttainmentMin'> {
  const { gpus, classes, slicesByClass, slotCount } = setting
  const itemsPerSecondOnOneSlice = 5 + 200 * rng.uniform() ** 2
  const itemsPerRequest = rng.uniform() < 0.7 ? 1 : 1 + 3 * rng.uniform()
  const serving = randomServing(rng, slicesByClass, { itemsPerSecondOnOneSlice, cannotShare: 0.15 })
  const capacityRps = serving.map((way) => (way?.capacityItemsPerSecond ?? 0) / itemsPerRequest)
  const slices = gpus.reduce((sum, { model }) => sum + model.computeSlices, 0)
  const meanRps = (setting.load * slices * itemsPerSecondOnOneSlice) / itemsPerRequest
  const deployed = 0.5 + 0.4 * rng.uniform()
  const driftPerSlot = (0.15 * rng.uniform()) / slotCount
  const configurations = rng.integer(setting.configurationsMax + 1)
  return {
    id,
    sloSeconds: 0.05 + 0.4 * rng.uniform(),
    arrivals: {
      method: 'random',
      meanRps: randomArrivals(rng.split('arrivals'), slotCount, meanRps),
      dispersion: rng.uniform() < 0.5 ? 1 : 1 + 4 * rng.uniform(),
      backTestError: null,
    },
    itemsPerRequest,
    serving,
    service: serviceTableOf(classes, gpus, capacityRps),
    inferenceStartSeconds: setting.inferenceStartSeconds,
    retrainingStartSeconds: setting.retrainingStartSeconds,
    accuracyDeployed: driftingAccuracy(deployed, driftPerSlot, slotCount),
    accuracyTerminal: Math.max(0.1, deployed - driftPerSlot * slotCount * 1.5),
    retraining: Array.from({ length: configurations }, (_, index) =>
      randomRetraining(rng.split(`retraining ${index}`), `configuration-${index}`, {
        ...setting,
        deployed,
        driftPerSlot,
      }),
    ),
  }
}

/** Gains -5 to +25 points over the version deployed, and drifts away half as fast. */
export function randomRetraining(
  rng: Rng,
  configurationId: string,
  setting: TenantSetting & { readonly deployed: number; readonly driftPerSlot: number },
): RetrainingForecast {
  const { slotCount, slotSeconds, slicesByClass, deployed, driftPerSlot } = setting
  const after = Math.min(0.98, deployed - 0.05 + 0.3 * rng.uniform())
  const workSlots = 0.3 + rng.uniform() * (setting.workSlotsMax - 0.3)
  const exponent = 0.5 + 0.4 * rng.uniform()
  const tooSmall = rng.uniform() < 0.25 ? Math.min(...slicesByClass) : 0
  return {
    configurationId,
    secondsByClass: slicesByClass.map((slices) =>
      slices <= tooSmall ? null : (workSlots * slotSeconds) / slices ** exponent,
    ),
    accuracyAfter: driftingAccuracy(after, driftPerSlot / 2, slotCount),
    accuracyTerminal: Math.max(0.1, after - driftPerSlot * slotCount * 0.75),
    accuracyUncertainty: 0.01,
  }
}

function driftingAccuracy(start: number, perSlot: number, slotCount: number): readonly number[] {
  return Array.from({ length: slotCount }, (_, t) => Math.max(0.1, start - perSlot * t))
}

/** A sine of random phase and amplitude, and bursts that decay; some slots without arrivals. */
function randomArrivals(rng: Rng, slotCount: number, meanRps: number): readonly number[] {
  const amplitude = 0.9 * rng.uniform()
  const phase = 2 * Math.PI * rng.uniform()
  const periods = 0.5 + 2 * rng.uniform()
  const bursts = Array.from({ length: rng.integer(4) }, () => ({
    slot: rng.integer(slotCount),
    height: 2 * rng.uniform(),
  }))
  return Array.from({ length: slotCount }, (_, t) => {
    const sine = 1 + amplitude * Math.sin(phase + (2 * Math.PI * periods * t) / slotCount)
    const burst = bursts.reduce((sum, { slot, height }) => {
      const age = ((t - slot) / slotCount) * 20
      return sum + (age >= 0 ? height * Math.exp(-age) : 0)
    }, 0)
    return rng.uniform() < 0.02 ? 0 : meanRps * (sine + burst)
  })
}
