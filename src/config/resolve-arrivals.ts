import { type TraceFormat, traceFormats } from '../arrivals/read-trace.ts'
import { arrivalsFromPattern, arrivalsFromTrace } from '../arrivals/resolve.ts'
import { TraceError } from '../arrivals/trace-error.ts'
import { must } from '../base/assert.ts'
import type { Amplification, ArrivalSpec, RatePattern } from '../core/workload/arrival-spec.ts'
import { type Complaint, ConfigError } from './config-error.ts'
import { type ReadFile, readNamed } from './read-document.ts'
import type { ArrivalsConfig, GeneratedConfig, RecordedConfig } from './schema/arrivals-schema.ts'
import { isPath, shippedTraces } from './shipped.ts'
import { oneOf } from './suggest.ts'

/** What every spec of a site has in common, and what the tenant adds. */
export type ArrivalTiming = Pick<ArrivalSpec, 'items' | 'historySeconds' | 'durationSeconds'>

/** Makes the error for one key below `arrivals`. */
export type RefuseKey = (keys: readonly (string | number)[], complaint: Complaint) => ConfigError

/** A tenant's arrivals. Throws ConfigError, for a trace that cannot be used with its own line. */
export function resolveArrivals(
  config: ArrivalsConfig,
  timing: ArrivalTiming,
  options: { readonly readFile: ReadFile; readonly refuse: RefuseKey },
): ArrivalSpec {
  if ('generate' in config) return fromPattern(config, timing, options.refuse)
  return fromTrace(config, timing, options)
}

function fromTrace(
  config: RecordedConfig,
  timing: ArrivalTiming,
  { readFile, refuse }: { readonly readFile: ReadFile; readonly refuse: RefuseKey },
): ArrivalSpec {
  const { path, format, label } = traceNamed(config, refuse)
  const accepted = 'the path of a trace, or the name of one that comes with the program'
  const text = readNamed(readFile, path, (found) =>
    refuse(['trace'], { code: 'file-unreadable', found, accepted }),
  )
  try {
    return arrivalsFromTrace({
      ...timing,
      text,
      sourceName: path,
      series: config.series ?? null,
      format,
      name: config.label ?? label,
      offsetSeconds: wholeSeconds(config.offset, 'offset', refuse),
      shiftSecondsMax:
        config.shiftMax === undefined ? null : wholeSeconds(config.shiftMax, 'shiftMax', refuse),
      smoothSeconds: config.smooth,
      timeCompression: config.timeCompression,
      amplification: amplificationOf(config, refuse),
    })
  } catch (error) {
    throw error instanceof TraceError ? ofTraceError(error) : error
  }
}

function traceNamed(
  { trace, format }: RecordedConfig,
  refuse: RefuseKey,
): { readonly path: string; readonly format: TraceFormat; readonly label: string } {
  const shipped = new Map(Object.entries(shippedTraces)).get(trace)
  if (shipped !== undefined) {
    if (format === undefined || format === shipped.format) return shipped
    const accepted = `no format: ${trace} comes with the program and is ${shipped.format}`
    throw refuse(['format'], { code: 'contradiction', found: format, accepted })
  }
  if (!isPath(trace)) {
    const accepted = `${oneOf(Object.keys(shippedTraces), trace)}, or the path of a file`
    throw refuse(['trace'], { code: 'unknown-name', found: JSON.stringify(trace), accepted })
  }
  if (format === undefined) {
    const accepted = `the format of the trace, one of ${traceFormats.join(', ')}`
    throw refuse(['format'], { code: 'missing-key', found: 'no key "format"', accepted })
  }
  return { path: trace, format, label: trace }
}

function amplificationOf({ amplify, method }: RecordedConfig, refuse: RefuseKey): Amplification {
  if (amplify === 1) return { kind: 'none' }
  if (method === 'resample') return { kind: 'resample', factor: amplify }
  if (Number.isInteger(amplify) && amplify <= 1000) return { kind: 'superpose', copies: amplify }
  const accepted = 'a whole number of at most 1000 copies to superpose'
  throw refuse(['amplify'], { code: 'out-of-range', found: String(amplify), accepted })
}

function fromPattern(
  config: GeneratedConfig,
  timing: ArrivalTiming,
  refuse: RefuseKey,
): ArrivalSpec {
  const { noise, gapCv, shiftMax } = config
  return arrivalsFromPattern({
    ...timing,
    pattern: patternOf(config, refuse),
    gapCv,
    noise:
      noise === undefined
        ? null
        : { relative: noise.relative, correlationSeconds: noise.correlation },
    shiftSecondsMax: shiftMax,
  })
}

function patternOf(config: GeneratedConfig, refuse: RefuseKey): RatePattern {
  switch (config.generate) {
    case 'constant':
      return { kind: 'constant', rps: config.rate }
    case 'sine': {
      const { mean, amplitude, period, phase } = config
      return { kind: 'sine', meanRps: mean, amplitude, periodSeconds: period, phase }
    }
    case 'diurnal': {
      const { low, high, period, peak, sharpness } = config
      if (high < low) throw refuse(['high'], contradiction(`${high}/s`, `at least low, ${low}/s`))
      const range = { lowRps: low, highRps: high }
      return { kind: 'diurnal', ...range, periodSeconds: period, peakSeconds: peak, sharpness }
    }
    case 'ramp': {
      const { from, to, start, end } = config
      if (end <= start)
        throw refuse(['end'], contradiction(`${end}s`, `later than start, ${start}s`))
      return { kind: 'ramp', fromRps: from, toRps: to, startSeconds: start, endSeconds: end }
    }
    case 'on-off': {
      const { off, on, offMean, onMean } = config
      return { kind: 'on-off', offRps: off, onRps: on, offSeconds: offMean, onSeconds: onMean }
    }
    case 'steps': {
      const steps = config.steps.map(({ at, rate }) => ({ atSeconds: at, rps: rate }))
      const wrong = steps.findIndex(
        (step, i) => i > 0 && step.atSeconds <= must(steps[i - 1]).atSeconds,
      )
      if (wrong < 0) return { kind: 'steps', steps }
      const found = `${must(steps[wrong]).atSeconds}s`
      throw refuse(
        ['steps', wrong, 'at'],
        contradiction(found, 'a later time than the step before'),
      )
    }
  }
}

function contradiction(found: string, accepted: string): Complaint {
  return { code: 'contradiction', found, accepted }
}

function wholeSeconds(seconds: number, key: string, refuse: RefuseKey): number {
  if (Number.isInteger(seconds)) return seconds
  throw refuse([key], { code: 'out-of-range', found: `${seconds}s`, accepted: 'whole seconds' })
}

function ofTraceError({ file, line, column, found, accepted }: TraceError): ConfigError {
  return new ConfigError({ file, path: '', line, column }, { code: 'trace', found, accepted })
}
