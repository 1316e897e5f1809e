import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { test } from 'vitest'
import { type Trace, traceSeconds } from '../core/workload/trace.ts'
import { readTrace, traceFormats } from './read-trace.ts'
import { TraceError } from './trace-error.ts'

const folder = resolve(import.meta.dirname, '../../test/fixtures/arrivals')
const fixtures = readdirSync(folder)
  .filter((name) => !name.endsWith('.md'))
  .map((name) => readFileSync(join(folder, name), 'utf8'))

const format = fc.constantFrom(...traceFormats)
const series = fc.option(fc.constantFrom('chat', 'resize', 'ChatGPT', '', 'requests_per_s'))

/** A fixture with a stretch of it replaced by other text: nearly right is the hardest to refuse. */
const damaged = fc
  .tuple(fc.constantFrom(...fixtures), fc.nat(), fc.nat(12), scraps())
  .map(([text, from, length, scrap]) => {
    const start = from % (text.length + 1)
    return text.slice(0, start) + scrap + text.slice(start + length)
  })

function scraps(): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    '-',
    '.',
    ',',
    '\n',
    '\r\n',
    'NaN',
    '1e999',
    '-0',
    '{',
    '"',
    '٣',
    ' ',
  )
  return fc.oneof(
    fc.array(piece, { maxLength: 4 }).map((list) => list.join('')),
    fc.string(),
  )
}

/** What every accepted trace keeps. */
function isSound(trace: Trace): boolean {
  const seconds = traceSeconds(trace)
  if (!Number.isSafeInteger(seconds) || seconds < 0) return false
  switch (trace.kind) {
    case 'timestamps':
      return trace.seconds.every((time, i) => time >= (i > 0 ? trace.seconds[i - 1]! : 0))
    case 'counts':
      return trace.counts.every((count) => Number.isInteger(count) && count >= 0)
    case 'rates':
      return trace.ratesRps.every((rate) => Number.isFinite(rate) && rate >= 0)
  }
}

function isReadOrRefused(text: string, name: (typeof traceFormats)[number], of: string | null) {
  try {
    return isSound(readTrace(name, { text, sourceName: 'fuzz', series: of }))
  } catch (error) {
    if (!(error instanceof TraceError)) throw error
    const lineCount = text.split('\n').length + 1
    return error.line >= 1 && error.line <= lineCount && error.column >= 1
  }
}

test('arbitrary text is a sound trace or a TraceError that points into it', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), format, series, isReadOrRefused), {
    numRuns: 2000,
  })
})

test('so is a damaged file', () => {
  fc.assert(fc.property(damaged, format, series, isReadOrRefused), { numRuns: 5000 })
})
