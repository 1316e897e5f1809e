import type { Rng } from '../../base/rng.ts'
import type { GpuCall } from '../device.ts'
import type { ErrorCode } from '../return-codes.ts'

/** A failure to come, as plain data: it outlives the process that meets it. */
export type Fault = {
  readonly call: GpuCall | 'any'
  /** The GPU's uuid, or any GPU. */
  readonly gpu: string | 'any'
  readonly code: ErrorCode
  /** Calls that still go through before it. */
  readonly after: number
  /** Calls that it then hits; null: all of them, until somebody takes it away. */
  readonly times: number | null
  /**
   * `done`: the driver does what it was asked and reports the error all the same.
   * `slow`: it does it after `slowSeconds` and reports none.
   */
  readonly outcome: 'refused' | 'done' | 'slow'
}

/** Calls on a busy driver were measured to take O(10 s) (dra-driver-nvidia-gpu, nvlib.go). */
export const slowSeconds = 10

/** One call meets the faults: what is left of them, and the one that hits it. */
export function strike(
  faults: readonly Fault[],
  call: GpuCall,
  gpu: string,
): { readonly faults: readonly Fault[]; readonly hit: Fault | null } {
  let hit: Fault | null = null
  const left: Fault[] = []
  for (const fault of faults) {
    const isMeant = (fault.call === call || fault.call === 'any') && isOn(fault, gpu)
    if (hit !== null || !isMeant) left.push(fault)
    else if (fault.after > 0) left.push({ ...fault, after: fault.after - 1 })
    else {
      hit = fault
      if (fault.times === null) left.push(fault)
      else if (fault.times > 1) left.push({ ...fault, times: fault.times - 1 })
    }
  }
  return { faults: left, hit }
}

const changing: readonly GpuCall[] = [
  'createGpuInstance',
  'createComputeInstance',
  'destroyComputeInstance',
  'destroyGpuInstance',
]

const drawnCodes: readonly ErrorCode[] = [
  'NVML_ERROR_IN_USE',
  'NVML_ERROR_INSUFFICIENT_RESOURCES',
  'NVML_ERROR_UNKNOWN',
  'NVML_ERROR_TIMEOUT',
  'NVML_ERROR_MEMORY',
  'NVML_ERROR_NOT_READY',
  'NVML_ERROR_INVALID_STATE',
]

/** Faults for a random test: each somewhere in the next `calls` changes, some of them sticky. */
export function drawFaults(
  rng: Rng,
  options: { readonly count: number; readonly calls: number },
): readonly Fault[] {
  return Array.from({ length: options.count }, () => {
    const pick = <T>(from: readonly T[]): T => from[rng.integer(from.length)] as T
    const [call, code] = [pick(changing), pick(drawnCodes)]
    const isSticky = rng.uniform() < 0.2
    // No driver makes an instance and says that there was no room for it.
    const isDone = code !== 'NVML_ERROR_INSUFFICIENT_RESOURCES' && rng.uniform() < 0.3
    const isSlow = rng.uniform() < 0.15
    return {
      call,
      gpu: 'any' as const,
      code,
      after: rng.integer(options.calls),
      times: isSticky ? 5 + rng.integer(20) : 1,
      outcome: isSlow ? ('slow' as const) : isDone ? ('done' as const) : ('refused' as const),
    }
  })
}

function isOn(fault: Fault, gpu: string): boolean {
  return fault.gpu === 'any' || fault.gpu === gpu
}
