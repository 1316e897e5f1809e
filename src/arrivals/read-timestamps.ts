import type { Trace } from '../core/workload/trace.ts'
import { parseDateTime } from './date-time.ts'
import { linesOf, parseNumber, type TraceText } from './rows.ts'
import { fromTimes } from './timestamps.ts'
import { quoted, TraceError, type TracePosition } from './trace-error.ts'

/**
 * A plain list: on each line one arrival, in seconds (from any origin) or as a date and time, all
 * of one kind, ascending. No header.
 */
export function readTimestamps(input: TraceText): Trace {
  const lines = linesOf(input, 'one time per line').map((line) => line.trim())
  const times: number[] = []
  const origin = parseDateTime(lines[0] ?? '')
  for (const [index, line] of lines.entries()) {
    const at = { file: input.sourceName, line: index + 1, column: 1 }
    const time =
      origin === null
        ? parseNumber(line, 'an arrival in seconds', at)
        : secondsAfter(line, origin.wholeSeconds, at)
    if (time < (times.at(-1) ?? Number.NEGATIVE_INFINITY)) {
      const found = `${quoted(line)}, earlier than the line before`
      throw new TraceError('trace-unsorted', at, found, 'times in ascending order')
    }
    times.push(time)
  }
  return fromTimes(times)
}

function secondsAfter(text: string, originSeconds: number, at: TracePosition): number {
  const moment = parseDateTime(text)
  if (moment === null) {
    throw new TraceError('trace-value', at, quoted(text), 'a date and time, as in line 1')
  }
  return moment.wholeSeconds - originSeconds + moment.fraction
}
