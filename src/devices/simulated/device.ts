import { must } from '../../base/assert.ts'
import type { Device, DeviceEvent, Gpu, GpuProcess } from '../device.ts'
import { whyNotCreated, whyNotDestroyed } from '../explain.ts'
import {
  capacityRequest,
  createComputeInstanceRequest,
  createGpuInstanceRequest,
  destroyComputeInstanceRequest,
  gpuInstanceRequest,
  modeRequest,
  queryRequest,
} from '../requests.ts'
import { computeProfilesOf } from './compute-profiles.ts'
import {
  type Answer,
  capacityOf,
  computeSlicesOf,
  createComputeInstance,
  createGpuInstance,
  destroyComputeInstance,
  destroyGpuInstance,
  modelOf,
  profilesOf,
  type SimulatedGpu,
  setMigMode,
} from './gpu.ts'
import { eventsAfter } from './node.ts'
import { createPerform, findOn, type Perform } from './perform.ts'
import type { SimulatedStore } from './store.ts'

export type SimulatedDeviceOptions = {
  readonly store: SimulatedStore
  /** Lets that many seconds pass; the lab and tests pass on at once. */
  readonly sleep: (seconds: number) => Promise<void>
}

/** Simulated GPUs behind the interface of real ones: refusals become NVML's errors. */
export function createSimulatedDevice({ store, sleep }: SimulatedDeviceOptions): Device {
  const closing = new AbortController()
  const perform = createPerform(store, sleep, closing.signal)
  return {
    driver: async () => ({ version: 'simulated', library: 'simulated' }),
    gpus: async () => (await store.read()).gpus.map(describe),
    ...queries(perform),
    ...gpuInstanceChanges(perform),
    ...computeInstanceChanges(perform),
    setMigMode: async (gpu, mode) => {
      const request = modeRequest(gpu, mode)
      const run = (own: SimulatedGpu) => setMigMode(own, request.mode)
      return perform({ call: 'setMigMode', ...request, run })
    },
    events: async (signal) => {
      const signals = signal === undefined ? [closing.signal] : [closing.signal, signal]
      const { eventsMade } = await store.read()
      return eventsOf(store, eventsMade, AbortSignal.any(signals))
    },
    close: async () => closing.abort(),
  }
}

function queries(
  perform: Perform,
): Pick<
  Device,
  | 'migMode'
  | 'gpuInstanceProfiles'
  | 'remainingCapacity'
  | 'gpuInstances'
  | 'computeInstanceProfiles'
  | 'processes'
> {
  return {
    migMode: async (gpu) =>
      perform({
        call: 'migMode',
        ...queryRequest('read the MIG mode', gpu),
        run: told(({ currentMode: current, pendingMode: pending }) => {
          return { kind: 'supported', current, pending } as const
        }),
      }),
    gpuInstanceProfiles: async (gpu) =>
      perform({
        call: 'gpuInstanceProfiles',
        ...queryRequest('read the GPU instance profiles', gpu),
        run: told((own) => profilesOf(modelOf(own))),
      }),
    remainingCapacity: async (gpu, profileId) => {
      const request = capacityRequest(gpu, profileId)
      const run = (own: SimulatedGpu) => capacityOf(own, request.profileId)
      return perform({ call: 'remainingCapacity', ...request, run })
    },
    gpuInstances: async (gpu) =>
      perform({
        call: 'gpuInstances',
        ...queryRequest('read the GPU instances', gpu),
        run: told((own) => own.instances),
      }),
    computeInstanceProfiles: async (gpu, instance) => {
      const request = gpuInstanceRequest('read the compute instance profiles of', gpu, instance)
      const run = told((own) => computeProfilesOf(computeSlicesOf(own, findOn(own, request))))
      return perform({ call: 'computeInstanceProfiles', ...request, run })
    },
    processes: async (gpu) =>
      perform({
        call: 'processes',
        ...queryRequest('read the processes', gpu),
        run: told(processesOn),
      }),
  }
}

function gpuInstanceChanges(
  perform: Perform,
): Pick<Device, 'createGpuInstance' | 'destroyGpuInstance'> {
  return {
    createGpuInstance: async (gpu, wanted) => {
      const request = createGpuInstanceRequest(gpu, wanted)
      const { profileId } = request.wanted
      return perform({
        call: 'createGpuInstance',
        ...request,
        run: (own) => createGpuInstance(own, request.wanted),
        computeSlices: (own) =>
          must(modelOf(own).profiles.find((other) => other.profileId === profileId)).computeSlices,
        explain: (code, own) => {
          const facts = { profiles: profilesOf(modelOf(own)), instances: own.instances }
          return whyNotCreated(code, request.wanted, facts)
        },
      })
    },
    destroyGpuInstance: async (gpu, instance) => {
      const request = gpuInstanceRequest('destroy', gpu, instance)
      const { id } = request.instance
      await perform({
        call: 'destroyGpuInstance',
        ...request,
        run: reached((own) => destroyGpuInstance(own, findOn(own, request).id)),
        computeSlices: (own) => computeSlicesOf(own, findOn(own, request)),
        explain: (code, own) => {
          const found = own.instances.find((other) => other.id === id)
          return whyNotDestroyed(code, found)
        },
      })
    },
  }
}

function computeInstanceChanges(
  perform: Perform,
): Pick<Device, 'createComputeInstance' | 'destroyComputeInstance'> {
  return {
    createComputeInstance: async (gpu, instance, wanted) => {
      const request = createComputeInstanceRequest(gpu, instance, wanted)
      return perform({
        call: 'createComputeInstance',
        ...request,
        run: reached((own) => createComputeInstance(own, findOn(own, request).id, request.wanted)),
      })
    },
    destroyComputeInstance: async (gpu, instance, computeInstance) => {
      const request = destroyComputeInstanceRequest(gpu, instance, computeInstance)
      const { id, uuid } = request.computeInstance
      await perform({
        call: 'destroyComputeInstance',
        ...request,
        run: reached((own) => {
          const host = findOn(own, request)
          const found = host.computeInstances.find((inner) => inner.id === id)
          return found?.uuid === uuid
            ? destroyComputeInstance(own, host.id, id)
            : { kind: 'refused', gpu: own, code: 'NVML_ERROR_NOT_FOUND' }
        }),
      })
    },
  }
}

/** Nobody reaches a lost GPU, whatever was asked. */
function reached<T>(run: (gpu: SimulatedGpu) => Answer<T>): (gpu: SimulatedGpu) => Answer<T> {
  return (gpu) => (gpu.isLost ? { kind: 'refused', gpu, code: 'NVML_ERROR_GPU_IS_LOST' } : run(gpu))
}

function told<T>(tell: (gpu: SimulatedGpu) => T): (gpu: SimulatedGpu) => Answer<T> {
  return reached((gpu) => ({ kind: 'done', gpu, value: tell(gpu) }))
}

async function* eventsOf(
  store: SimulatedStore,
  start: number,
  signal: AbortSignal,
): AsyncGenerator<DeviceEvent> {
  let seen = start
  while (!signal.aborted) {
    const changed = store.changed(signal)
    const node = await store.read()
    const fresh = eventsAfter(node, seen)
    seen = node.eventsMade
    yield* fresh
    if (fresh.length === 0) await changed
  }
}

function describe(gpu: SimulatedGpu): Gpu {
  const model = modelOf(gpu)
  // Boards name themselves by GB; their whole-GPU profile is the closest figure there is in MiB.
  const memoryMiB = Math.max(...model.profiles.map((profile) => profile.memoryMiB ?? 0))
  const { uuid, index, pciBusId } = gpu
  return { uuid, index, pciBusId, pciDeviceId: null, name: model.name, memoryMiB }
}

function processesOn(gpu: SimulatedGpu): readonly GpuProcess[] {
  return gpu.clients
    .filter(({ isMonitor }) => !isMonitor)
    .map(({ isMonitor: _, ...process }) => process)
}
