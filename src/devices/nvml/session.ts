import type { Device, GpuCall } from '../device.ts'
import { capacityRequest, gpuInstanceRequest, queryRequest } from '../requests.ts'
import { ask, newCount, readCount } from './ask.ts'
import {
  createComputeInstance,
  createGpuInstance,
  destroyComputeInstance,
  destroyGpuInstance,
  setMigMode,
} from './changes.ts'
import { listGpus } from './gpu-handles.ts'
import type { Library } from './library.ts'
import { createReader } from './reader.ts'
import { readText } from './structs.ts'

/** Calls on GPUs and on the driver, each blocking its thread until NVML has answered. */
export type Session = {
  readonly [K in SessionCall]: (...values: Parameters<Device[K]>) => Awaited<ReturnType<Device[K]>>
}

export type SessionCall = GpuCall | 'driver' | 'gpus'

const versionBytes = 80

/** One thread's view of NVML, which somebody in this process has initialised. */
export function createSession(library: Library): Session {
  let reader = createReader(library)
  const query = (what: string, gpu: unknown) => reader.reading(queryRequest(what, gpu))
  return {
    driver: () => {
      const version = Buffer.alloc(versionBytes)
      const values = [version, versionBytes] as const
      ask(library, 'read the driver version', 'nvmlSystemGetDriverVersion', values)
      return { version: readText(version), library: library.path }
    },
    gpus: () => listGpus(library),
    migMode: (gpu) => reader.migMode(query('read the MIG mode', gpu)),
    gpuInstanceProfiles: (gpu) => reader.profiles(query('read the GPU instance profiles', gpu)),
    gpuInstances: (gpu) => reader.instances(query('read the GPU instances', gpu)),
    processes: (gpu) => reader.processes(query('read the processes', gpu)),
    remainingCapacity: (gpu, profileId) => {
      const request = capacityRequest(gpu, profileId)
      const { action, device } = reader.reading(request)
      const count = newCount()
      const values = [device, request.profileId, count] as const
      ask(library, action, 'nvmlDeviceGetGpuInstanceRemainingCapacity', values)
      return readCount(count)
    },
    computeInstanceProfiles: (gpu, instance) => {
      const request = gpuInstanceRequest('read the compute instance profiles of', gpu, instance)
      const reading = reader.reading(request)
      const host = reader.find(reading, request.instance)
      return reader.computeProfiles(reading, host.handle, host.instance.profileId)
    },
    createGpuInstance: (...values) => createGpuInstance(reader, ...values),
    destroyGpuInstance: (...values) => destroyGpuInstance(reader, ...values),
    createComputeInstance: (...values) => createComputeInstance(reader, ...values),
    destroyComputeInstance: (...values) => destroyComputeInstance(reader, ...values),
    setMigMode: (...values) => {
      const change = setMigMode(reader, ...values)
      // It may have reset the GPU, and handles do not outlive a reset.
      reader = createReader(library)
      return change
    },
  }
}
