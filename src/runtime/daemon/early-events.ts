import type { DeviceEvent } from '../../devices/device.ts'
import type { RouterEvent, RouterState } from '../router/protocol.ts'
import type { WorkerEvent } from '../workers/worker-events.ts'
import type { Daemon } from './daemon.ts'

/** Events that come before there is a daemon wait for it. */
export class EarlyEvents {
  #daemon: Daemon | null = null
  #early: ((daemon: Daemon) => void)[] = []

  begin(daemon: Daemon): void {
    this.#daemon = daemon
    for (const tell of this.#early) tell(daemon)
    this.#early = []
  }

  onWorker(event: WorkerEvent): void {
    this.#pass((daemon) => daemon.onWorker(event))
  }

  onRouter(event: RouterEvent): void {
    this.#pass((daemon) => daemon.onRouter(event))
  }

  onRouterState(state: RouterState): void {
    this.#pass((daemon) => void daemon.onRouterState(state))
  }

  onDevice(event: DeviceEvent): void {
    this.#pass((daemon) => daemon.onDevice(event))
  }

  #pass(tell: (daemon: Daemon) => void): void {
    if (this.#daemon === null) this.#early.push(tell)
    else tell(this.#daemon)
  }
}
