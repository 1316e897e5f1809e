import type { Gpu } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { ask, newCount, readCount, tryAsk } from './ask.ts'
import { type Handle, handleBytes, readHandle } from './handles.ts'
import type { Library } from './library.ts'
import { readStruct, readText, structBuffer } from './structs.ts'

const uuidBytes = 96
const nameBytes = 96

/**
 * The GPUs that this process may use. One that the driver cannot reach, or that the process may not
 * see, is left out, so that it does not hide the others.
 */
export function listGpus(library: Library): readonly Gpu[] {
  const action = 'list the GPUs'
  return openGpus(library, action).map(({ index, uuid, handle }) => {
    const name = Buffer.alloc(nameBytes)
    const pci = structBuffer('nvmlPciInfo_t')
    const memory = structBuffer('nvmlMemory_t')
    ask(library, action, 'nvmlDeviceGetName', [handle, name, nameBytes])
    ask(library, action, 'nvmlDeviceGetPciInfo_v3', [handle, pci])
    ask(library, action, 'nvmlDeviceGetMemoryInfo', [handle, memory])
    const { busId: pciBusId, pciDeviceId: id } = readStruct('nvmlPciInfo_t', pci)
    const pciDeviceId = `0x${id.toString(16).toUpperCase().padStart(8, '0')}`
    const memoryMiB = Number(readStruct('nvmlMemory_t', memory).total / 1_048_576n)
    return { uuid, index, pciBusId, pciDeviceId, name: readText(name), memoryMiB }
  })
}

/** The handle of the GPU with that uuid, by `action`. */
export type FindGpu = (uuid: string, action: string) => Handle<'device'>

/**
 * Looks GPUs up and keeps their handles: looking up by uuid was measured to take seconds while
 * others use the driver (dra-driver-nvidia-gpu, nvlib.go).
 */
export function gpuFinder(library: Library): FindGpu {
  const handles = new Map<string, Handle<'device'>>()
  return (uuid, action) => {
    const known = handles.get(uuid)
    if (known !== undefined) return known
    for (const gpu of openGpus(library, action)) handles.set(gpu.uuid, gpu.handle)
    const found = handles.get(uuid)
    if (found !== undefined) return found
    const state = `this node has no such GPU, only ${[...handles.keys()].join(', ') || 'none'}`
    throw new DeviceError({ code: 'NVML_ERROR_NOT_FOUND', action, state })
  }
}

export type OpenGpu = {
  readonly index: number
  readonly uuid: string
  readonly handle: Handle<'device'>
}

export function openGpus(library: Library, action: string): readonly OpenGpu[] {
  const count = newCount()
  ask(library, action, 'nvmlDeviceGetCount_v2', [count])
  const found: OpenGpu[] = []
  for (let index = 0; index < readCount(count); index += 1) {
    const handle = Buffer.alloc(handleBytes)
    if (tryAsk(library, 'nvmlDeviceGetHandleByIndex_v2', [index, handle]) !== null) continue
    const device = readHandle('device', handle)
    const uuid = uuidOf(library, device)
    if (uuid !== null) found.push({ index, uuid, handle: device })
  }
  return found
}

/** Of a GPU or a MIG device; null where it is gone. */
export function uuidOf(library: Library, device: Handle<'device'>): string | null {
  const uuid = Buffer.alloc(uuidBytes)
  const code = tryAsk(library, 'nvmlDeviceGetUUID', [device, uuid, uuidBytes])
  return code === null ? readText(uuid) : null
}
