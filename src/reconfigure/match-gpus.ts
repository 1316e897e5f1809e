import type { GpuModel } from '../core/mig/gpu-model.ts'
import type { Gpu, GpuInstanceProfileInfo } from '../devices/device.ts'

/** A GPU of the node with what its driver tells of it. */
export type NodeGpu = { readonly gpu: Gpu; readonly profiles: readonly GpuInstanceProfileInfo[] }

export type MatchedGpus =
  /** A node GPU's uuid for each planned GPU, in order. */
  | { readonly kind: 'matched'; readonly gpus: readonly string[] }
  /** `index` of the first planned GPU that finds none. */
  | { readonly kind: 'missing'; readonly index: number; readonly model: GpuModel }

/** How far memory figures of one board differ between drivers (A100: 9.50 to 9.75 GiB a slice). */
const memoryTolerance = 0.12

/**
 * Which GPU of the node each GPU of a site stands for: the first that is left of the same board.
 * Boards share profile ids and geometry, so the name and the memory have to agree too.
 */
export function matchGpus(models: readonly GpuModel[], node: readonly NodeGpu[]): MatchedGpus {
  const left = [...node]
  const gpus: string[] = []
  for (const [index, model] of models.entries()) {
    const found = left.findIndex((own) => isBoard(model, own))
    const [taken] = found < 0 ? [] : left.splice(found, 1)
    if (taken === undefined) return { kind: 'missing', index, model }
    gpus.push(taken.gpu.uuid)
  }
  return { kind: 'matched', gpus }
}

function isBoard(model: GpuModel, { gpu, profiles }: NodeGpu): boolean {
  // a100-80gb is an A100: the name's words up to the memory.
  const family = model.id.replace(/-\d+gb$/, '').replaceAll('-', '[ -]')
  if (!new RegExp(`\\b${family}\\b`, 'i').test(gpu.name)) return false
  // A driver may tell of none while MIG is disabled; that is for whoever changes layouts to say.
  if (profiles.length === 0) return true
  return model.profiles
    .filter(({ attribute }) => attribute === 'base')
    .every((own) => profiles.some((info) => isProfile(own, info)))
}

function isProfile(own: GpuModel['profiles'][number], info: GpuInstanceProfileInfo): boolean {
  const starts = info.possiblePlacements.map(({ start }) => start)
  return (
    info.profileId === own.profileId &&
    info.sliceCount === own.computeSlices &&
    info.possiblePlacements.every(({ size }) => size === own.size) &&
    own.starts.every((start) => starts.includes(start)) &&
    isAbout(own.memoryMiB, info.memoryMiB)
  )
}

function isAbout(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return true
  return Math.abs(a - b) <= memoryTolerance * Math.max(a, b)
}
