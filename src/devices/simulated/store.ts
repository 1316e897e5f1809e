import type { SimulatedNode } from './node.ts'

/** Where the state of a simulated node lies; several devices may share one. */
export type SimulatedStore = {
  readonly read: () => Promise<SimulatedNode>
  /** One change at a time, whole or not at all. */
  readonly update: <T>(
    change: (node: SimulatedNode) => { readonly node: SimulatedNode; readonly value: T },
  ) => Promise<T>
  /** Comes back when the node may have changed, or the signal ends the wait. */
  readonly changed: (signal: AbortSignal) => Promise<void>
}

/** The state in this process alone. */
export function memoryStore(initial: SimulatedNode): SimulatedStore {
  let node = initial
  const waiting = new Set<() => void>()
  return {
    read: async () => node,
    update: async (change) => {
      const changed = change(node)
      node = changed.node
      for (const wake of [...waiting]) wake()
      return changed.value
    },
    changed: (signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        if (signal.aborted) return resolve()
        waiting.add(wake)
        signal.addEventListener('abort', wake)
      }),
  }
}
