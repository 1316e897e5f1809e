import { setTimeout as wait } from 'node:timers/promises'
import type { WorkerEvent } from '../workers/worker-events.ts'

const lastKinds: readonly WorkerEvent['kind'][] = [
  'done',
  'checkpointed',
  'stopped',
  'failed',
  'crash-looping',
]

/** How workers ended that did so while no daemon looked. */
export class UnseenEnds {
  readonly #ends = new Map<string, WorkerEvent>()
  #wake: (() => void) | null = null

  onWorker(event: WorkerEvent): void {
    if (!lastKinds.includes(event.kind)) return
    this.#ends.set(event.workerId, event)
    this.#wake?.()
  }

  /** The last events of these, once all have come or the time is over. */
  async of(
    workerIds: readonly string[],
    { secondsMax }: { readonly secondsMax: number },
  ): Promise<readonly WorkerEvent[]> {
    const over = wait(secondsMax * 1000, 'over', { ref: false })
    let isOver = false
    while (!isOver && workerIds.some((id) => !this.#ends.has(id))) {
      const woken = new Promise<'woken'>((resolve) => {
        this.#wake = () => resolve('woken')
      })
      isOver = (await Promise.race([woken, over])) === 'over'
    }
    return workerIds.flatMap((id) => this.#ends.get(id) ?? [])
  }
}
