import type { Device } from '../device.ts'
import {
  capacityRequest,
  createComputeInstanceRequest,
  createGpuInstanceRequest,
  destroyComputeInstanceRequest,
  gpuInstanceRequest,
  modeRequest,
  queryRequest,
} from '../requests.ts'
import { openEventStream } from './event-stream.ts'
import type { SessionCall } from './session.ts'
import { openThreads, wholeNode } from './threads.ts'

export type NvmlOptions = {
  /** A file name that the loader searches for, or a path. */
  readonly library?: string
  /** How long a call may take before it is given up with an outcome that is unknown. */
  readonly patienceSeconds?: number
}

/** What the loader finds where NVIDIA's driver is installed. */
const driverLibrary = 'libnvidia-ml.so.1'

/** Walking MIG devices under load was measured at 10 s (dra-driver-nvidia-gpu, nvlib.go). */
const patienceSecondsDefault = 120

/** How long `close` waits for a call under way. */
const closeSeconds = 5

/**
 * The GPUs that NVIDIA's driver tells of. NVML is initialised once, in a thread of its own, and
 * GPUs get threads as threads.ts says. Without a driver, a library or a permission it throws a
 * DeviceError that says so.
 */
export async function openNvml(options: NvmlOptions = {}): Promise<Device> {
  const { library = driverLibrary, patienceSeconds = patienceSecondsDefault } = options
  const threads = openThreads(library, patienceSeconds)
  const known = new Set<string>()
  const streams = new Set<Promise<void>>()
  const closing = new AbortController()
  try {
    await threads.call(wholeNode, 'init', [])
  } catch (error) {
    await threads.stop(closeSeconds, null)
    throw error
  }

  const askNode = (call: SessionCall): Promise<unknown> => threads.call(wholeNode, call, [])
  const gpus = async () => {
    const found = (await askNode('gpus')) as Awaited<ReturnType<Device['gpus']>>
    for (const { uuid } of found) known.add(uuid)
    return found
  }
  /** A GPU that nobody knows gets no thread: the node's refuses it. */
  const subjectOf = async (gpu: string): Promise<string> => {
    if (!known.has(gpu)) await gpus()
    return known.has(gpu) ? gpu : wholeNode
  }
  /** `values` are those that were checked, so that they can pass to a thread whatever was given. */
  const on = async <K extends Exclude<SessionCall, 'driver' | 'gpus'>>(
    call: K,
    gpu: string,
    ...values: readonly unknown[]
  ) => {
    const subject = await subjectOf(gpu)
    return (await threads.call(subject, call, [gpu, ...values])) as Awaited<ReturnType<Device[K]>>
  }

  return {
    driver: async () => (await askNode('driver')) as Awaited<ReturnType<Device['driver']>>,
    gpus,
    migMode: async (gpu) => on('migMode', queryRequest('read the MIG mode', gpu).gpu),
    setMigMode: async (gpu, mode) => {
      const request = modeRequest(gpu, mode)
      return on('setMigMode', request.gpu, request.mode)
    },
    gpuInstanceProfiles: async (gpu) =>
      on('gpuInstanceProfiles', queryRequest('read the GPU instance profiles', gpu).gpu),
    remainingCapacity: async (gpu, profileId) => {
      const request = capacityRequest(gpu, profileId)
      return on('remainingCapacity', request.gpu, request.profileId)
    },
    gpuInstances: async (gpu) =>
      on('gpuInstances', queryRequest('read the GPU instances', gpu).gpu),
    createGpuInstance: async (gpu, wanted) => {
      const request = createGpuInstanceRequest(gpu, wanted)
      return on('createGpuInstance', request.gpu, request.wanted)
    },
    destroyGpuInstance: async (gpu, instance) => {
      const request = gpuInstanceRequest('destroy', gpu, instance)
      return on('destroyGpuInstance', request.gpu, request.instance)
    },
    computeInstanceProfiles: async (gpu, instance) => {
      const request = gpuInstanceRequest('read the compute instance profiles of', gpu, instance)
      return on('computeInstanceProfiles', request.gpu, request.instance)
    },
    createComputeInstance: async (gpu, instance, wanted) => {
      const request = createComputeInstanceRequest(gpu, instance, wanted)
      return on('createComputeInstance', request.gpu, request.instance, request.wanted)
    },
    destroyComputeInstance: async (gpu, instance, computeInstance) => {
      const { gpu: own, ...request } = destroyComputeInstanceRequest(gpu, instance, computeInstance)
      return on('destroyComputeInstance', own, request.instance, request.computeInstance)
    },
    processes: async (gpu) => on('processes', queryRequest('read the processes', gpu).gpu),
    events: async (signal) => {
      const signals = signal === undefined ? [closing.signal] : [closing.signal, signal]
      const stream = await openEventStream(library, AbortSignal.any(signals))
      streams.add(stream.ended)
      void stream.ended.then(() => streams.delete(stream.ended))
      return stream.events
    },
    close: async () => {
      if (closing.signal.aborted) return
      closing.abort()
      await Promise.all(streams)
      await threads.stop(closeSeconds, 'shutdown')
    },
  }
}
