import { setTimeout as wait } from 'node:timers/promises'
import type { Device, DeviceEvent } from '../../devices/device.ts'
import type { Log } from './world-context.ts'

/** After the driver ended it. */
const againSeconds = 30

/** Hands on what the driver tells of its GPUs; one that tells nothing costs a line in the log. */
export function listenToDevice(
  device: Pick<Device, 'events'>,
  { onEvent, log }: { readonly onEvent: (event: DeviceEvent) => void; readonly log: Log },
): { readonly close: () => Promise<void> } {
  const over = new AbortController()
  const { signal } = over
  const listen = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        for await (const event of await device.events(signal)) onEvent(event)
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error)
        log('warn', `GPU faults are not heard of: ${words}`)
      }
      await wait(1000 * againSeconds, undefined, { signal }).catch(() => undefined)
    }
  }
  const ended = listen()
  return {
    close: async () => {
      over.abort()
      await ended
    },
  }
}
