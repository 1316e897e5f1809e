import { must } from '../base/assert.ts'
import type { Trace } from '../core/workload/trace.ts'
import { linesOf, type TraceText } from './rows.ts'
import { fromTimes } from './timestamps.ts'
import { quoted, TraceError } from './trace-error.ts'

const accepted = 'a JSON object with "timestamp", a number of milliseconds >= 0'

/**
 * Mooncake (kvcache-ai/Mooncake, Apache-2.0): JSON lines, `timestamp` in ms, ascending. Its
 * recorder grouped the stamps every 3 s or so; the grid found here lets a draw spread them again.
 */
export function readMooncake(input: TraceText): Trace {
  const lines = linesOf(input, `one line or more, each ${accepted}`)
  const times: number[] = []
  for (const [index, line] of lines.entries()) {
    const at = { file: input.sourceName, line: index + 1, column: 1 }
    const value = parseLine(line)
    const isLast = index === lines.length - 1
    if (value === undefined) {
      throw new TraceError(isLast ? 'trace-truncated' : 'trace-value', at, quoted(line), accepted)
    }
    const milliseconds = timestampOf(value)
    if (milliseconds === null) throw new TraceError('trace-value', at, quoted(line), accepted)
    if (milliseconds < 0) throw new TraceError('trace-negative', at, `${milliseconds}`, accepted)
    if (milliseconds / 1000 < (times.at(-1) ?? 0)) {
      const found = `${milliseconds}, earlier than the line before`
      throw new TraceError('trace-unsorted', at, found, 'times in ascending order')
    }
    times.push(milliseconds / 1000)
  }
  return fromTimes(times, clumpSecondsOf(times))
}

/** The line's JSON value, or undefined: JSON.parse answers bad text only by throwing. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function timestampOf(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || !('timestamp' in value)) return null
  const { timestamp } = value
  return typeof timestamp === 'number' && timestamp <= 1e15 ? timestamp : null
}

/** The median step between different stamps, if stamps are shared as a grid makes them; else 0. */
function clumpSecondsOf(times: readonly number[]): number {
  const distinct = [...new Set(times)]
  if (distinct.length < 2 || times.length < 1.5 * distinct.length) return 0
  const steps = distinct.slice(1).map((time, i) => time - must(distinct[i]))
  return must(steps.sort((a, b) => a - b)[steps.length >> 1])
}
