import { must } from '../../base/assert.ts'
import type { GpuModel, Sharing } from '../mig/gpu-model.ts'
import type { GpuInstanceProfile } from '../mig/profile.ts'

/**
 * A whole GPU, MIG off, that processes share, in the form of a GPU model: so everything that plans,
 * checks and executes for MIG does so for shares. A "compute slice" is one per cent of the
 * multiprocessors, a "memory slice" a seat for a client, and an "instance" of profile p a client
 * with p per cent, on any free seat. What may be together is then what sums to 100 % at most:
 * unlike a MIG instance, a share has no place that others could be in the way of.
 */
export function shareModel(model: GpuModel, sharing: Sharing): GpuModel {
  const byModel = known.get(model) ?? new Map<Sharing, GpuModel>()
  known.set(model, byModel)
  const made = byModel.get(sharing) ?? makeModel(model, sharing)
  byModel.set(sharing, made)
  return made
}

const known = new WeakMap<GpuModel, Map<Sharing, GpuModel>>()

/** Shares under MPS come in steps of so many per cent. */
export const mpsStepPercent = 5
/** Most jobs that take turns on a GPU. */
const turnsMax = 8

const percentages = {
  mps: Array.from({ length: 100 / mpsStepPercent }, (_, i) => (i + 1) * mpsStepPercent),
  'time-slicing': Array.from({ length: turnsMax }, (_, i) => Math.floor(100 / (i + 1))).reverse(),
} as const satisfies Record<Sharing, readonly number[]>

function makeModel(model: GpuModel, sharing: Sharing): GpuModel {
  const shares = percentages[sharing]
  const seats = shares.length
  const whole = wholeMultiprocessors(model)
  const profiles = shares.map(
    (percent): GpuInstanceProfile => ({
      profileId: percent,
      name: `${percent} %`,
      attribute: 'base',
      computeSlices: percent,
      size: 1,
      starts: Array.from({ length: seats }, (_, seat) => seat),
      instanceCountMax: Math.floor(100 / percent),
      memoryMiB: largestOf(model).memoryMiB,
      multiprocessorCount: whole === undefined ? undefined : (whole * percent) / 100,
      evidence: 'inferred',
    }),
  )
  return {
    id: `${model.id} by ${sharing}`,
    name: `${model.name} by ${sharing}`,
    memorySlices: seats,
    computeSlices: 100,
    profiles,
    source: `${model.source}; shared by ${sharing}`,
    sharing,
  }
}

/**
 * Multiprocessors with MIG off, where that is more than the largest instance has (NVIDIA A100
 * Tensor Core GPU Architecture, 2020: 108 enabled).
 */
const withoutMig: Readonly<Record<string, number>> = { 'a100-40gb': 108, 'a100-80gb': 108 }

/** Multiprocessors of the whole GPU, MIG off; undefined where no source gives them. */
export function wholeMultiprocessors(model: GpuModel): number | undefined {
  return withoutMig[model.id] ?? largestOf(model).multiprocessorCount
}

function largestOf({ profiles }: GpuModel): GpuInstanceProfile {
  const sorted = [...profiles].sort((a, b) => b.computeSlices - a.computeSlices)
  return must(sorted[0], 'A GPU model has profiles')
}
