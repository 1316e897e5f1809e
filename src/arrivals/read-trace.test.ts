import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { type Trace, traceSeconds } from '../core/workload/trace.ts'
import { readTrace, type TraceFormat } from './read-trace.ts'
import { TraceError } from './trace-error.ts'

const fixtures = resolve(import.meta.dirname, '../../test/fixtures/arrivals')

function readFixture(format: TraceFormat, name: string, series: string | null = null): Trace {
  const text = readFileSync(join(fixtures, name), 'utf8')
  return readTrace(format, { text, sourceName: name, series })
}

function timesOf(trace: Trace): readonly number[] {
  if (trace.kind !== 'timestamps') throw new Error(`Not timestamps: ${trace.kind}`)
  return [...trace.seconds]
}

function refusalOf(format: TraceFormat, text: string, series: string | null = null): TraceError {
  try {
    readTrace(format, { text, sourceName: 'file', series })
  } catch (error) {
    if (error instanceof TraceError) return error
    throw error
  }
  throw new Error('It was accepted')
}

test('azure-llm: CRLF, no final line end, seven decimals kept across midnight', () => {
  const times = timesOf(readFixture('azure-llm', 'azure-llm.csv'))
  expect(times[0]).toBe(0)
  expect(times[1]).toBeCloseTo(0.7499999, 9)
  expect(times[2]).toBeCloseTo(1.7500001, 9)
  expect(times[3]).toBeCloseTo(5.25, 9)
})

test('azure-functions-2021: an arrival is end minus duration, sorted by that', () => {
  const trace = readFixture('azure-functions-2021', 'azure-functions-2021.csv')
  expect(timesOf(trace)).toEqual([0, 8, 9.25, 11.5])
  const resize = readFixture('azure-functions-2021', 'azure-functions-2021.csv', 'resize')
  expect(timesOf(resize)).toEqual([0, 8, 11.5])
})

test('azure-functions-2019: counts per minute, added up over the rows or of one function', () => {
  const all = readFixture('azure-functions-2019', 'azure-functions-2019.csv')
  expect(all).toEqual({
    kind: 'counts',
    binSeconds: 60,
    counts: Float64Array.of(60, 126, 180, 126, 60),
  })
  const mail = readFixture('azure-functions-2019', 'azure-functions-2019.csv', 'mail')
  expect(mail).toMatchObject({ counts: Float64Array.of(0, 6, 0, 6, 0) })
})

test('mooncake: milliseconds, and the grid its recorder put the stamps on', () => {
  const trace = readFixture('mooncake', 'mooncake.jsonl')
  expect(timesOf(trace)).toEqual([0, 0, 3, 3, 3, 6, 6])
  expect(trace).toMatchObject({ clumpSeconds: 3 })
})

test('burstgpt: six and eight columns, all models or one', () => {
  expect(timesOf(readFixture('burstgpt', 'burstgpt.csv'))).toEqual([0, 0, 24])
  expect(timesOf(readFixture('burstgpt', 'burstgpt-sessions.csv'))).toEqual([0, 7, 38])
  expect(timesOf(readFixture('burstgpt', 'burstgpt.csv', 'ChatGPT'))).toEqual([0, 24])
})

test('servegen: no header, windows with rate and cv, empty cells when idle', () => {
  expect(readFixture('servegen', 'servegen.csv')).toEqual({
    kind: 'rates',
    binSeconds: 600,
    ratesRps: Float64Array.of(1.5, 0, 0, 3),
    gapCv: Float64Array.of(2.25, Number.NaN, Number.NaN, 1.25),
  })
})

test('timestamps: plain seconds or dates, counted from the first', () => {
  expect(timesOf(readFixture('timestamps', 'timestamps.txt'))).toEqual([0, 0.25, 1, 60.5])
  const dates = timesOf(readFixture('timestamps', 'timestamps-dates.txt'))
  expect(dates[1]).toBeCloseTo(0.5, 9)
  expect(dates[2]).toBeCloseTo(59.99007, 9)
})

test('counts: one named column of a table, up to where it ends', () => {
  const chat = readFixture('counts', 'counts.csv', 'chat')
  expect(chat).toEqual({ kind: 'counts', binSeconds: 1, counts: Float64Array.of(3, 5, 4, 3, 2) })
  const code = readFixture('counts', 'counts.csv', 'code')
  expect(code).toMatchObject({ counts: Float64Array.of(0, 40, 0) })
  expect(traceSeconds(code)).toBe(3)
})

test('rates: mean rates in equal bins of any length', () => {
  expect(readFixture('rates', 'rates.csv')).toEqual({
    kind: 'rates',
    binSeconds: 600,
    ratesRps: Float64Array.of(2.5, 7.5, 5),
    gapCv: null,
  })
})

const llm = 'TIMESTAMP,ContextTokens,GeneratedTokens\n'
const at = '2023-11-16 18:15:46'

const refusals: readonly (readonly [TraceFormat, string, string, number, number])[] = [
  ['azure-llm', '', 'trace-empty', 1, 1],
  ['azure-llm', '\n \n', 'trace-empty', 1, 1],
  ['azure-llm', llm, 'trace-empty', 2, 1],
  ['azure-llm', `time,tokens\n${at},1,2`, 'trace-header', 1, 1],
  ['azure-llm', `${llm}${at},1,2\n\n${at},1,2`, 'trace-columns', 3, 1],
  ['azure-llm', `${llm}${at},1,2,3`, 'trace-columns', 2, 23],
  ['azure-llm', `${llm}${at},12`, 'trace-truncated', 2, 21],
  ['azure-llm', `${llm}2023-04-31 00:00:00,1,2`, 'trace-value', 2, 1],
  ['azure-llm', `${llm}2023-02-29 00:00:00,1,2`, 'trace-value', 2, 1],
  ['azure-llm', `${llm}2023-11-16 24:00:00,1,2`, 'trace-value', 2, 1],
  ['azure-llm', `${llm}${at},NaN,2`, 'trace-value', 2, 21],
  ['azure-llm', `${llm}${at},1,-2`, 'trace-negative', 2, 23],
  ['azure-llm', `${llm}${at}.5,1,2\n${at}.4,1,2`, 'trace-unsorted', 3, 1],
  ['azure-functions-2021', 'app,func,end_timestamp,duration\na,f,x,1', 'trace-value', 2, 5],
  ['azure-functions-2019', 'HashOwner,HashApp,HashFunction,Trigger', 'trace-header', 1, 1],
  ['azure-functions-2019', 'HashOwner,HashApp,HashFunction,Trigger,1,3', 'trace-header', 1, 42],
  ['azure-functions-2019', 'HashOwner,HashApp,HashFunction,Trigger,1', 'trace-empty', 2, 1],
  [
    'azure-functions-2019',
    'HashOwner,HashApp,HashFunction,Trigger,1\n,,,,1.5',
    'trace-value',
    2,
    5,
  ],
  ['mooncake', '{"timestamp": 1}\n{"timestamp": 2', 'trace-truncated', 2, 1],
  ['mooncake', '{"timestamp": 1\n{"timestamp": 2}', 'trace-value', 1, 1],
  ['mooncake', '{"time": 1}', 'trace-value', 1, 1],
  ['mooncake', '{"timestamp": -1}', 'trace-negative', 1, 1],
  ['mooncake', '{"timestamp": 2}\n{"timestamp": 1}', 'trace-unsorted', 2, 1],
  ['mooncake', '{"timestamp": 1e999}', 'trace-value', 1, 1],
  ['servegen', '0,1,1,Gamma,1,1\n600,1,1,Gamma,1,1\n1800,1,1,Gamma,1,1', 'trace-gap', 3, 1],
  ['servegen', '0,-1,1,Gamma,1,1', 'trace-negative', 1, 3],
  ['servegen', '0,1,1,Gamma,1,1\n600,1', 'trace-truncated', 2, 5],
  ['timestamps', '1\nabc', 'trace-value', 2, 1],
  ['timestamps', '1\nInfinity', 'trace-value', 2, 1],
  ['timestamps', '2\n1', 'trace-unsorted', 2, 1],
  ['timestamps', '-1', 'trace-negative', 1, 1],
  ['timestamps', `${at}\n5`, 'trace-value', 2, 1],
  ['counts', 'second,n\n0,1\n1,2\n1,3', 'trace-unsorted', 4, 1],
  ['counts', 'second,n\n0,1\n1,2\n3,3', 'trace-gap', 4, 1],
  ['counts', 'second,n\n0,1\n0.5,2', 'trace-gap', 3, 1],
  ['counts', 'second,n\n0,1.5', 'trace-value', 2, 3],
  ['counts', 'second,n\n0,1\n1,\n2,3', 'trace-value', 3, 3],
  ['counts', 'second,n\n0,', 'trace-empty', 2, 3],
  ['counts', '0,1\n1,2', 'trace-header', 1, 1],
  ['counts', 'second,a,b\n0,1,2', 'trace-series', 1, 8],
  ['rates', 't,r\n0,-3', 'trace-negative', 2, 3],
  ['rates', 't,r\n0,nan', 'trace-value', 2, 3],
]

test.each(refusals)('%s refuses %j: %s, line %i, column %i', (format, text, code, line, column) => {
  const error = refusalOf(format, text)
  expect(error).toMatchObject({ code, file: 'file', line, column })
  expect(error.message).toContain(`file, line ${line}, column ${column}`)
  expect(error.message).toContain(error.accepted)
})

test('a series that the file does not hold is refused with those it does', () => {
  const error = refusalOf('counts', 'second,a,b\n0,1,2', 'c')
  expect(error).toMatchObject({ code: 'trace-series', accepted: 'the series "a", "b"' })
  expect(refusalOf('mooncake', '{"timestamp": 1}', 'c').code).toBe('trace-series')
})

test('a byte-order mark and spaces round cells are no mistake', () => {
  const trace = readTrace('counts', {
    text: '\uFEFFsecond, n\r\n0, 4\r\n',
    sourceName: 'file',
    series: null,
  })
  expect(trace).toMatchObject({ counts: Float64Array.of(4) })
})
