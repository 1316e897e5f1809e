import type { DaemonEvent } from '../daemon.ts'

/** Events that a slow reader may fall behind by; then it is let go and asks for the state again. */
export const backlogMax = 1000
const keepAliveMs = 15_000

type EventSink = {
  readonly writeSSE: (message: { readonly event: string; readonly data: string }) => Promise<void>
  readonly write: (text: string) => Promise<unknown>
  readonly onAbort: (listener: () => void) => void
}

/**
 * Every event from now on, in order and without a gap, until the reader goes or has fallen behind;
 * a comment now and then, so that a connection that is dead is found to be.
 */
export async function tellEvents(
  stream: EventSink,
  source: {
    readonly listen: (listener: (event: DaemonEvent) => void) => () => void
    /** Ends the connection of a reader that does not read. */
    readonly cutOff: () => void
  },
): Promise<void> {
  let waiting: DaemonEvent[] = []
  let wake: (() => void) | null = null
  let isOver = false
  const end = (): void => {
    isOver = true
    stopListening()
    waiting = []
    wake?.()
  }
  const stopListening = source.listen((event) => {
    waiting.push(event)
    if (waiting.length <= backlogMax) return wake?.()
    end()
    // A write to it may be waiting, and would for ever.
    source.cutOff()
  })
  stream.onAbort(end)
  while (!isOver) {
    const next = waiting.shift()
    if (next !== undefined) {
      await stream.writeSSE({ event: next.kind, data: JSON.stringify(next) })
      continue
    }
    const isIdle = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), keepAliveMs)
      wake = () => {
        clearTimeout(timer)
        resolve(false)
      }
    })
    wake = null
    if (isIdle && !isOver) await stream.write(': still here\n\n')
  }
  stopListening()
}
