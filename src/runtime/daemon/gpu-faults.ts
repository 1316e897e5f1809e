import { must } from '../../base/assert.ts'
import { findInstance } from '../../control/executor-state.ts'
import { gpuInstances } from '../../control/pairs.ts'
import type { DeviceEvent } from '../../devices/device.ts'
import { DeviceError } from '../../devices/device-error.ts'
import type { InstanceOperations } from './instance-operations.ts'
import type { RetrainingWorkers } from './retraining-workers.ts'
import type { ServingWorkers } from './serving-workers.ts'
import type { WorldContext } from './world-context.ts'
import { meaningOfXid } from './xid-meaning.ts'

type Parts = {
  readonly instances: InstanceOperations
  readonly serving: ServingWorkers
  readonly retraining: RetrainingWorkers
}

/**
 * What the driver says of broken hardware, made into facts for control: instances that are lost,
 * workers that have to be started anew, GPUs that nothing is to be put on.
 */
export class GpuFaults {
  readonly #context: WorldContext
  readonly #parts: Parts

  constructor(context: WorldContext, parts: Parts) {
    this.#context = context
    this.#parts = parts
  }

  onEvent(event: DeviceEvent): void {
    if (event.kind === 'xid') this.#onXid(event)
    else if (event.kind === 'gpu-lost' && event.gpu !== null) this.#loseBy(event.gpu)
    else if (event.kind === 'gpu-lost') void this.#findLost()
  }

  /** Nothing on it is used any more, and nothing is put there. */
  loseGpu(gpu: number, why: string): void {
    const { gpuUuids, site, failed, stateNow, blockGpu, log } = this.#context
    const uuid = must(gpuUuids[gpu])
    if (failed.isGpuFailed(uuid)) return
    const { id } = must(site.gpus[gpu])
    log('error', `GPU ${id}: ${why}; nothing is put there any more`)
    failed.add({ gpu: uuid, operation: null, why })
    this.#parts.instances.giveUp(gpu)
    // First, so that nothing is put there when the first of its instances is told to be lost.
    blockGpu(gpu)
    for (const instance of gpuInstances(stateNow().instances)) {
      if (instance.gpu === gpu) this.#lose(instance.id)
    }
  }

  #loseBy(uuid: string): void {
    const gpu = this.#context.gpuUuids.indexOf(uuid)
    if (gpu >= 0) this.loseGpu(gpu, 'the driver does not reach it any more')
  }

  /** The driver did not say which GPU: one that cannot be asked anything. */
  async #findLost(): Promise<void> {
    const { gpuUuids, reconfigure } = this.#context
    for (const uuid of gpuUuids) {
      try {
        await reconfigure.device.migMode(uuid)
      } catch (error) {
        const isLost = error instanceof DeviceError && error.code === 'NVML_ERROR_GPU_IS_LOST'
        if (isLost) this.#loseBy(uuid)
      }
    }
  }

  #onXid({ gpu, xid, gpuInstanceId }: Extract<DeviceEvent, { kind: 'xid' }>): void {
    const { gpuUuids, site, failed, log } = this.#context
    const index = gpuUuids.indexOf(gpu)
    if (index < 0) return
    const meaning = meaningOfXid(xid)
    if (gpuInstanceId === null && meaning === 'breaks-instance') {
      this.loseGpu(index, `XID ${xid}`)
      return
    }
    const place = gpuInstanceId === null ? '' : `, GPU instance ${gpuInstanceId}`
    const words = `GPU ${must(site.gpus[index]).id}${place}: XID ${xid}`
    const found = gpuInstanceId === null ? null : this.#parts.instances.find(gpu, gpuInstanceId)
    if (found === null || meaning === 'noted') {
      log('warn', words)
      return
    }
    const { instanceIds, owned } = found
    if (meaning === 'breaks-process') {
      log('warn', `${words}: its worker is replaced`)
      // Which one it was is not said.
      for (const instanceId of instanceIds) {
        this.#parts.serving.replace(instanceId, `XID ${xid}`)
        this.#parts.retraining.replace(instanceId, `XID ${xid}`)
      }
      return
    }
    const instanceId = must(instanceIds[0])
    if (failed.isFailed(owned)) return
    log('error', `${words}: ${instanceId} is given up`)
    failed.add({ gpu, operation: owned.operation, why: `XID ${xid}` })
    this.#lose(instanceId)
  }

  #lose(instanceId: string): void {
    const { instances, serving, retraining } = this.#parts
    serving.lose(instanceId)
    retraining.lose(instanceId)
    // Control hears of one that is being made or unmade when that has ended.
    if (instances.doom(instanceId)) return
    const { stateNow, tell } = this.#context
    if (findInstance(stateNow(), instanceId) !== undefined) {
      tell({ kind: 'instance-failed', instanceId })
    }
  }
}
