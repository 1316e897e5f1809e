import type { GpuCall, GpuInstance, GpuInstanceRef } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { plainState } from '../explain.ts'
import { findInstance } from '../find-instance.ts'
import { createQueues } from '../queues.ts'
import type { ErrorCode } from '../return-codes.ts'
import { type Fault, slowSeconds, strike } from './faults.ts'
import { type Answer, modelOf, profilesOf, type SimulatedGpu } from './gpu.ts'
import { type SimulatedNode, withEvent, withGpu } from './node.ts'
import type { SimulatedStore } from './store.ts'
import { callSeconds } from './timing.ts'

/** One call on a simulated GPU: what it does, and what a message about it needs. */
export type Call<T> = {
  readonly call: GpuCall
  readonly gpu: string
  readonly action: string
  readonly run: (gpu: SimulatedGpu) => Answer<T>
  /** Compute slices that are created or destroyed: what the call's duration depends on. */
  readonly computeSlices?: (gpu: SimulatedGpu) => number
  readonly explain?: (code: ErrorCode, gpu: SimulatedGpu) => string
  /** The GPU instance it concerns, whose clients stand in its way. */
  readonly instance?: GpuInstanceRef
}

export type Perform = <T>(call: Call<T>) => Promise<T>

const changingCalls: readonly GpuCall[] = [
  'setMigMode',
  'createGpuInstance',
  'destroyGpuInstance',
  'createComputeInstance',
  'destroyComputeInstance',
]

/** Carries calls out: refused at once or, after as long as hardware takes, done whole. */
export function createPerform(
  store: SimulatedStore,
  sleep: (seconds: number) => Promise<void>,
  closed: AbortSignal,
): Perform {
  const inTurn = createQueues()
  return (call) =>
    inTurn(call.gpu, async () => {
      if (closed.aborted) throw failure(call, 'NVML_ERROR_UNINITIALIZED')
      const fault = await store.update((node) => meetFaults(node, call))
      const before = gpuOf(await store.read(), call)
      if (fault?.outcome === 'refused') throw failure(call, fault.code, before)
      if (fault?.outcome === 'slow') await sleep(slowSeconds)
      if (call.run(before).kind === 'done') {
        const slices = call.computeSlices?.(before) ?? 0
        const seconds = callSeconds(modelOf(before), call.call, slices)
        if (seconds > 0) await sleep(seconds)
      }
      const answer = await store.update((node) => {
        const ran = call.run(gpuOf(node, call))
        return { node: after(node, call, ran), value: ran }
      })
      if (answer.kind === 'refused') throw failure(call, answer.code, answer.gpu)
      if (fault?.outcome === 'done') throw failure(call, fault.code, answer.gpu)
      return answer.value
    })
}

/** The GPU instance that the call means, as it is now. */
export function findOn(
  gpu: SimulatedGpu,
  request: { readonly instance: GpuInstanceRef; readonly action: string },
): GpuInstance {
  const profiles = profilesOf(modelOf(gpu))
  return findInstance(gpu.instances, request.instance, request.action, profiles)
}

function meetFaults(
  node: SimulatedNode,
  call: Call<unknown>,
): { readonly node: SimulatedNode; readonly value: Fault | null } {
  gpuOf(node, call)
  const { faults, hit } = strike(node.faults, call.call, call.gpu)
  return { node: hit === null && node.faults.length === 0 ? node : { ...node, faults }, value: hit }
}

/** What changed on the node, and that it did: MIG changes are events for whoever listens. */
function after(node: SimulatedNode, call: Call<unknown>, answer: Answer<unknown>): SimulatedNode {
  if (!changingCalls.includes(call.call)) return node
  const changed = withGpu(node, call.gpu, () => answer.gpu)
  if (answer.kind === 'refused') return changed
  return withEvent(changed, { kind: 'mig-config-change', gpu: call.gpu })
}

function gpuOf(node: SimulatedNode, call: Pick<Call<unknown>, 'gpu' | 'action'>): SimulatedGpu {
  const found = node.gpus.find(({ uuid }) => uuid === call.gpu)
  if (found !== undefined) return found
  const state = `this node has no such GPU, only ${node.gpus.map(({ uuid }) => uuid).join(', ')}`
  throw new DeviceError({ code: 'NVML_ERROR_NOT_FOUND', action: call.action, state })
}

function failure(call: Call<unknown>, code: ErrorCode, gpu?: SimulatedGpu): DeviceError {
  const explained = gpu === undefined ? undefined : call.explain?.(code, gpu)
  const state = explained ?? plainState(code)
  const isHeld = code === 'NVML_ERROR_IN_USE' && gpu !== undefined
  const pids = isHeld ? holdersOf(gpu, call.instance?.id) : []
  return new DeviceError({ code, action: call.action, state, pids })
}

function holdersOf(gpu: SimulatedGpu, gpuInstanceId: number | undefined): readonly number[] {
  return gpu.clients
    .filter((client) => !client.isMonitor)
    .filter((client) => gpuInstanceId === undefined || client.gpuInstanceId === gpuInstanceId)
    .map(({ pid }) => pid)
}
