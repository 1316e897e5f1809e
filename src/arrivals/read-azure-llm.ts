import { must } from '../base/assert.ts'
import type { Trace } from '../core/workload/trace.ts'
import { parseDateTime } from './date-time.ts'
import { numberAt, refusal, rowsUnder, type TraceText } from './rows.ts'
import { checkAscending, fromTimes } from './timestamps.ts'
import { quoted } from './trace-error.ts'

const header = 'TIMESTAMP,ContextTokens,GeneratedTokens'

/**
 * Azure LLM inference traces 2023 and 2024 (Azure/AzurePublicDataset, CC-BY): one row per request,
 * `2023-11-16 18:15:46.6805900,374,44`, CRLF, no final line end, ascending.
 */
export function readAzureLlm(input: TraceText): Trace {
  const { rows } = rowsUnder(input, [header])
  const times: number[] = []
  let origin: number | null = null
  for (const row of rows) {
    const moment = parseDateTime(must(row.cells[0]))
    if (moment === null) {
      const accepted = 'a moment like "2023-11-16 18:15:46.6805900"'
      throw refusal(row, 0, 'trace-value', quoted(must(row.cells[0])), accepted)
    }
    origin ??= moment.wholeSeconds
    const time = moment.wholeSeconds - origin + moment.fraction
    checkAscending(row, 0, time, times.at(-1) ?? 0)
    numberAt(row, 1, 'a count of tokens')
    numberAt(row, 2, 'a count of tokens')
    times.push(time)
  }
  return fromTimes(times)
}
