import { pause } from './pause.ts'
import type { ProcessFamily } from './process-family.ts'
import type { SupervisionTiming } from './timing.ts'
import type { Trouble } from './watch-health.ts'

export type MemoryWatch = {
  readonly family: ProcessFamily
  readonly memoryMiBMax: number | null
  readonly timing: SupervisionTiming
  readonly onMemory: (rssMiB: number) => void
  /** It is over its limit and will be ended after the grace. */
  readonly onLeak: (message: string) => void
  readonly signal: AbortSignal
}

/** Twice in a row: a peak is no leak. */
const looksOverMax = 2

/** Looks at the group's memory until it is over its limit for good; null when told to stop. */
export async function watchMemory(watch: MemoryWatch): Promise<Trouble | null> {
  const { family, memoryMiBMax, timing, signal } = watch
  let looksOver = 0
  for (;;) {
    await pause(timing.memorySeconds, signal)
    if (signal.aborted) return null
    const rssMiB = await family.residentMiB()
    watch.onMemory(rssMiB)
    looksOver = memoryMiBMax !== null && rssMiB > memoryMiBMax ? looksOver + 1 : 0
    if (looksOver < looksOverMax) continue
    const message = `It has ${Math.round(rssMiB)} MiB of memory, ${memoryMiBMax} MiB allowed`
    watch.onLeak(message)
    await pause(timing.leakGraceSeconds, signal)
    return signal.aborted ? null : { failure: 'leaking', message }
  }
}
