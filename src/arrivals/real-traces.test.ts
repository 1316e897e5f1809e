import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { must } from '../base/assert.ts'
import { type Trace, traceSeconds } from '../core/workload/trace.ts'
import { drawSeries } from './draw-series.ts'
import { readTrace, type TraceFormat } from './read-trace.ts'
import { arrivalsFromTrace } from './resolve.ts'

/** The folder of published traces; without it these tests are skipped, and shown as skipped. */
const data = process.env['MIGRATOR_TEST_DATA']
const real = test.skipIf(data === undefined)

function textOf(path: string): string {
  return readFileSync(join(must(data), 'arrivals', path), 'utf8')
}

function read(format: TraceFormat, path: string, series: string | null = null): Trace {
  return readTrace(format, { text: textOf(path), sourceName: path, series })
}

const conversation = 'azure-llm-2023/AzureLLMInferenceTrace_conv.csv'

real('Azure LLM 2023 conversation: 19366 requests, and the counts made from it agree', () => {
  const trace = read('azure-llm', conversation)
  const counted = read('counts', 'azure-llm-2023/per_second_counts.csv')
  if (trace.kind !== 'timestamps' || counted.kind !== 'counts') throw new Error('Other kinds')
  expect(trace.seconds.length).toBe(19_366)
  expect(counted.counts.reduce((a, b) => a + b, 0)).toBe(19_366)
  // They were counted in whole seconds of the clock, and the first request came at 18:15:46.68059.
  const counts = new Float64Array(counted.counts.length)
  for (const time of trace.seconds) counts[Math.floor(time + 0.68059)]! += 1
  expect(counts).toEqual(counted.counts)
})

real('Azure Functions 2021: 199 invocations in 21 minutes, sorted by arrival in the file', () => {
  const trace = read('azure-functions-2021', 'azure-functions-2021/Azure2021_200.csv')
  if (trace.kind !== 'timestamps') throw new Error('Another kind')
  expect(trace.seconds.length).toBe(199)
  expect(traceSeconds(trace)).toBeGreaterThan(19 * 60)
  expect(traceSeconds(trace)).toBeLessThan(21 * 60)
})

real('Azure Functions 2019: a day of minutes', () => {
  const trace = read('azure-functions-2019', 'azure-functions-2019/invocations_format_sample.csv')
  expect(traceSeconds(trace)).toBe(86_400)
})

real('Mooncake: stamps on a 3-second grid', () => {
  const trace = read('mooncake', 'mooncake/conversation_trace_head1000.jsonl')
  if (trace.kind !== 'timestamps') throw new Error('Another kind')
  expect(trace.seconds.length).toBe(1000)
  expect(trace.clumpSeconds).toBe(3)
})

real('BurstGPT: the three published rows', () => {
  const trace = read('burstgpt', 'burstgpt/burstgpt_format_sample.csv')
  expect(trace).toMatchObject({ seconds: Float64Array.of(0, 40, 113) })
})

real('ServeGen: 14 days of one client, and tables of many', () => {
  const client = read('servegen', 'servegen/original_chunk-0-trace_m-large.csv')
  expect(traceSeconds(client)).toBe(14 * 86_400)
  const path = 'servegen/rate_10min_by_model.csv'
  const large = read('rates', path, 'm-large_req_per_s')
  if (large.kind !== 'rates') throw new Error('Another kind')
  const mean = large.ratesRps.reduce((a, b) => a + b, 0) / large.ratesRps.length
  expect(mean).toBeGreaterThan(195)
  expect(mean).toBeLessThan(197)
  expect(traceSeconds(read('rates', path, 'deepseek-r1_req_per_s'))).toBe(86_400)
})

real('Azure LLM conversation x180 is a smooth load of about a thousand a second', () => {
  const spec = arrivalsFromTrace({
    text: textOf(conversation),
    sourceName: conversation,
    series: null,
    format: 'azure-llm',
    name: 'azure-llm conversation',
    offsetSeconds: 0,
    shiftSecondsMax: null,
    smoothSeconds: 30,
    timeCompression: 1,
    amplification: { kind: 'resample', factor: 180 },
    items: [{ items: 1, share: 1 }],
    historySeconds: 1000,
    durationSeconds: 1000,
  })
  const series = drawSeries(spec, 'chat', 7)
  const mean = series.ratesRps.reduce((a, b) => a + b, 0) / series.ratesRps.length
  const peak = series.ratesRps.reduce((a, b) => Math.max(a, b), 0)
  expect(series.ratesRps.length).toBe(2000)
  expect(mean).toBeGreaterThan(600)
  expect(mean).toBeLessThan(1400)
  expect(peak).toBeLessThan(3 * mean)
  expect(series.description).toBe('azure-llm conversation, x180, rate resampled as Poisson')
})
