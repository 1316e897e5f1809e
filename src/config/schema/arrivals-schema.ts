import { z } from 'zod'
import { traceFormats } from '../../arrivals/read-trace.ts'
import {
  choice,
  duration,
  fullListOf,
  mapping,
  number,
  positive,
  rate,
  text,
  whole,
} from './vocabulary.ts'

/** Longest time of anything that happens in a run: a week. */
const week = { value: 604_800, text: '168h' }
const fast = { value: 1e7, text: '10000000/s' }
const formats = traceFormats as readonly [string, ...string[]] as readonly [
  (typeof traceFormats)[number],
  ...(typeof traceFormats)[number][],
]

/** Arrivals recorded in a file, and what is done to them. */
const recorded = mapping({
  trace: text('the name of a trace that comes with the program, or the path of a file'),
  format: choice(formats).optional(),
  series: text('the name of one series of the file').optional(),
  label: text('how tables call it').optional(),
  offset: duration({ max: week }).prefault(0),
  shiftMax: duration({ max: week }).optional(),
  smooth: duration({ isPositive: true, max: { value: 3600, text: '1h' } }).prefault('30s'),
  timeCompression: whole(1, 10_000).prefault(1),
  amplify: positive(1e6).prefault(1),
  method: choice(['resample', 'superpose']).prefault('resample'),
})

const common = {
  /** Coefficient of variation of the gaps: 1 = Poisson, more = bursts (Gamma renewal). */
  gapCv: positive(20).prefault(1),
  noise: mapping({
    relative: number(0, 5),
    correlation: duration({ isPositive: true, max: week }),
  }).optional(),
  shiftMax: duration({ max: week }).prefault(0),
}

const someRate = rate({ max: fast })
const period = duration({ isPositive: true, max: week })

/** Arrivals made by a pattern, redrawn for every seed. */
const generated = z.discriminatedUnion(
  'generate',
  [
    mapping({ generate: z.literal('constant'), rate: someRate, ...common }),
    mapping({
      generate: z.literal('sine'),
      mean: someRate,
      amplitude: number(0, 1),
      period,
      phase: number(-1, 1).prefault(0),
      ...common,
    }),
    mapping({
      generate: z.literal('diurnal'),
      low: someRate,
      high: someRate,
      period,
      peak: duration({ max: week }),
      sharpness: positive(100).prefault(1),
      ...common,
    }),
    mapping({
      generate: z.literal('ramp'),
      from: someRate,
      to: someRate,
      start: duration({ max: week }),
      end: duration({ max: week }),
      ...common,
    }),
    mapping({
      generate: z.literal('on-off'),
      off: someRate,
      on: someRate,
      offMean: period,
      onMean: period,
      ...common,
    }),
    mapping({
      generate: z.literal('steps'),
      steps: fullListOf(
        mapping({ at: duration({ max: week }), rate: someRate }),
        'steps {at, rate}, ascending in time',
      ),
      ...common,
    }),
  ],
  { error: 'generate: one of constant, sine, diurnal, ramp, on-off, steps; or trace: and a name' },
)

export const arrivalsSchema = z.union([recorded, generated], {
  error: 'a mapping with trace, or with generate',
})

export type ArrivalsConfig = z.output<typeof arrivalsSchema>
export type RecordedConfig = z.output<typeof recorded>
export type GeneratedConfig = z.output<typeof generated>
