import type { GpuProcess } from '../device.ts'
import type { ErrorCode } from '../return-codes.ts'
import { demandSuccess, newCount, readCount, tryAsk } from './ask.ts'
import type { Handle } from './handles.ts'
import { migDevices, type Reading } from './instances.ts'
import type { Library } from './library.ts'
import { readStruct, structBuffer } from './structs.ts'

/** NVML's words for "none" and "not available". */
const noId = 0xffff_ffff
const noMemory = 0xffff_ffff_ffff_ffffn

const triesMax = 5

/**
 * Compute processes of a GPU and, where MIG is on, of each of its MIG devices: only the privileged
 * see all of them on the GPU itself.
 */
export function processesOn(reading: Reading, isMig: boolean): readonly GpuProcess[] {
  const { library, device, action } = reading
  const onGpu = readProcesses(library, device)
  if (typeof onGpu === 'string' && onGpu !== 'NVML_ERROR_NO_PERMISSION') {
    demandSuccess(action, onGpu)
  }
  const all = typeof onGpu === 'string' ? [] : [...onGpu]
  for (const { handle, gpuInstanceId, computeInstanceId } of isMig ? migDevices(reading) : []) {
    const own = readProcesses(library, handle)
    if (typeof own === 'string') continue
    all.push(...own.map((process) => ({ ...process, gpuInstanceId, computeInstanceId })))
  }
  const byPlace = all.map((process) => {
    const { pid, gpuInstanceId, computeInstanceId } = process
    return [`${pid}/${gpuInstanceId}/${computeInstanceId}`, process] as const
  })
  return [...new Map(byPlace).values()]
}

/** Asks for the count, then for so many, and again while more come in between. */
function readProcesses(
  library: Library,
  device: Handle<'device'>,
): readonly GpuProcess[] | ErrorCode {
  const count = newCount()
  let list: Buffer | null = null
  for (let i = 0; i < triesMax; i += 1) {
    const code = tryAsk(library, 'nvmlDeviceGetComputeRunningProcesses_v3', [device, count, list])
    if (code === null) return list === null ? [] : readList(list, readCount(count))
    if (code !== 'NVML_ERROR_INSUFFICIENT_SIZE') return code
    const room = Math.min(readCount(count) + 8, processesMax)
    list = structBuffer('nvmlProcessInfo_t', room)
    count.writeUInt32LE(room, 0)
  }
  return 'NVML_ERROR_INSUFFICIENT_SIZE'
}

const processesMax = 65_536

function readList(list: Buffer, count: number): readonly GpuProcess[] {
  return Array.from({ length: count }, (_, i) => {
    const { pid, usedGpuMemory, gpuInstanceId, computeInstanceId } = readStruct(
      'nvmlProcessInfo_t',
      list,
      i,
    )
    return {
      pid,
      gpuInstanceId: gpuInstanceId === noId ? null : gpuInstanceId,
      computeInstanceId: computeInstanceId === noId ? null : computeInstanceId,
      memoryMiB: usedGpuMemory === noMemory ? null : Number(usedGpuMemory / 1_048_576n),
    }
  })
}
