import type { Trace } from './trace.ts'

/**
 * How one tenant's true arrivals come about, as plain data: with a seed it gives an ArrivalSeries
 * (`arrivals/draw-series.ts`). One spec serves every seed of a comparison.
 */
export type ArrivalSpec = {
  readonly source: ArrivalSource
  /** Items per request: (items, share) pairs; shares are positive and need not add up to 1. */
  readonly items: readonly { readonly items: number; readonly share: number }[]
  /** Seconds before t = 0 that forecasters may be fitted on. */
  readonly historySeconds: number
  readonly durationSeconds: number
}

export type ArrivalSource =
  | {
      readonly kind: 'trace'
      /** How the source is called in tables: "azure-llm conversation". */
      readonly name: string
      readonly trace: Trace
      /**
       * The earliest second of the trace to use, and how far a seed may shift it (null = to its
       * end).
       */
      readonly offsetSeconds: number
      readonly shiftSecondsMax: number | null
      /** Half-width of the triangular kernel that turns per-second counts into a rate; 1 = none. */
      readonly smoothSeconds: number
      /** Seconds of the trace that pass in one second of the run; 1 = as recorded. */
      readonly timeCompression: number
      readonly amplification: Amplification
    }
  | {
      readonly kind: 'generated'
      readonly pattern: RatePattern
      /** Coefficient of variation of the gaps (Gamma renewal); 1 = Poisson. */
      readonly gapCv: number
      /** Slow multiplicative noise on the rate (lognormal, mean 1), or none. */
      readonly noise: RateNoise | null
      /** A seed shifts every tenant's pattern by the same time, uniform in 0..this. */
      readonly shiftSecondsMax: number
    }

/**
 * What makes a small recording a large load. `resample`: the smoothed rate times `factor`, redrawn
 * as Poisson by the simulator. `superpose`: the sum of `copies` of the recording, each shifted by
 * its own offset (wrapping round its end), burstiness kept.
 */
export type Amplification =
  | { readonly kind: 'none' }
  | { readonly kind: 'resample'; readonly factor: number }
  | { readonly kind: 'superpose'; readonly copies: number }

/** Relative standard deviation, and the time over which the noise forgets itself (AR(1)). */
export type RateNoise = { readonly relative: number; readonly correlationSeconds: number }

/** Mean rate over time, requests per second; times are of the run, negative in the history. */
export type RatePattern =
  | { readonly kind: 'constant'; readonly rps: number }
  /** rate = mean x (1 + amplitude x sin(2 pi (t / period + phase))), amplitude in 0..1. */
  | {
      readonly kind: 'sine'
      readonly meanRps: number
      readonly amplitude: number
      readonly periodSeconds: number
      /** In periods: 0.5 is the anti-phase of 0. */
      readonly phase: number
    }
  /** low + (high - low) x ((1 + cos(2 pi (t - peak) / period)) / 2) ^ sharpness */
  | {
      readonly kind: 'diurnal'
      readonly lowRps: number
      readonly highRps: number
      readonly periodSeconds: number
      readonly peakSeconds: number
      readonly sharpness: number
    }
  /** `fromRps` before start, linear to `toRps` at end, `toRps` after it. */
  | {
      readonly kind: 'ramp'
      readonly fromRps: number
      readonly toRps: number
      readonly startSeconds: number
      readonly endSeconds: number
    }
  /** Two rates in turn, each held for an exponential time with the given mean. */
  | {
      readonly kind: 'on-off'
      readonly offRps: number
      readonly onRps: number
      readonly offSeconds: number
      readonly onSeconds: number
    }
  /** The rate of the last step that has begun; the first step's before it. Ascending times. */
  | {
      readonly kind: 'steps'
      readonly steps: readonly { readonly atSeconds: number; readonly rps: number }[]
    }
