import type { ArrivalSource, RatePattern } from '../core/workload/arrival-spec.ts'

/** What was done to make the load, in words for tables and reports: nothing is done silently. */
export function describeSource(source: ArrivalSource): string {
  if (source.kind === 'generated') {
    const { relative, correlationSeconds } = source.noise ?? { relative: 0, correlationSeconds: 0 }
    return list([
      `generated: ${describePattern(source.pattern)}`,
      source.gapCv === 1 ? 'Poisson' : `Gamma renewal, cv of gaps ${source.gapCv}`,
      relative > 0 && `noise ${relative} over ${correlationSeconds} s`,
    ])
  }
  return list([
    source.name,
    source.timeCompression > 1 && `time x${source.timeCompression} faster`,
    describeAmplification(source.amplification),
    source.trace.kind === 'timestamps' &&
      source.trace.clumpSeconds > 0 &&
      `stamps spread over their ${source.trace.clumpSeconds} s grid`,
  ])
}

function describeAmplification(
  amplification: Extract<ArrivalSource, { kind: 'trace' }>['amplification'],
): string {
  switch (amplification.kind) {
    case 'none':
      return 'as recorded'
    case 'resample':
      return `x${amplification.factor}, rate resampled as Poisson`
    case 'superpose':
      return `x${amplification.copies}, superposed offsets`
  }
}

function describePattern(pattern: RatePattern): string {
  switch (pattern.kind) {
    case 'constant':
      return `constant ${pattern.rps}/s`
    case 'sine':
      return (
        `sine ${pattern.meanRps}/s ±${Math.round(100 * pattern.amplitude)} % ` +
        `every ${pattern.periodSeconds} s, phase ${pattern.phase}`
      )
    case 'diurnal':
      return `diurnal ${pattern.lowRps}-${pattern.highRps}/s every ${pattern.periodSeconds} s`
    case 'ramp':
      return `ramp ${pattern.fromRps}-${pattern.toRps}/s`
    case 'on-off':
      return (
        `on-off ${pattern.onRps}/${pattern.offRps}/s ` +
        `for ${pattern.onSeconds}/${pattern.offSeconds} s`
      )
    case 'steps':
      return `steps ${pattern.steps.map((step) => step.rps).join(', ')}/s`
  }
}

function list(parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false).join(', ')
}
