import type { Handover, Policy } from '../../core/policy.ts'
import type { Site } from '../../core/site.ts'
import type { PolicyFactory } from '../context.ts'
import { memoryOf } from '../placing/memory-of.ts'
import { ekyaOutcome, estimatesPerSecond } from './ekya-plan.ts'

/** Shares change in tenths of a GPU, as in Ekya's evaluation; its example's floor is 40 %. */
const quantumPercent = 10
const accuracyMin = 0.4

/**
 * Its micro-profiler tries configurations out on each window's labels. It knows no arrivals: what
 * our adapter takes for them was measured over the last seconds, by which it did better on tuning
 * seeds than by the last window (docs/designs/004-baselines.md).
 */
const asPublished = {
  arrivals: 'last-window',
  measuredSeconds: 20,
  retraining: 'forecast',
  probes: true,
} as const
/** The common forecast of both, which costs nothing and, for retraining, is as good. */
const granted = { arrivals: 'forecast', retraining: 'forecast' } as const

type Variant = Pick<Policy, 'name' | 'describe' | 'mechanism'> & {
  /** Compute slices (per cent, for shares) in a quantum. */
  readonly quantum: number
  readonly information: Policy['information']
  readonly handover?: Handover
}

const thief =
  'Ekya (NSDI 2022) with our adapter to requests: its thief scheduler splits the GPUs between ' +
  'inference and retraining of all tenants for the best mean accuracy over the window, and again ' +
  'when a retraining ends. It knows no deadlines and no cost of changing. '

function createVariant({ quantum, ...known }: Variant): PolicyFactory {
  return ({ site }) => {
    const planningSecondsMax = planningSecondsOf(site)
    const estimatesMax = planningSecondsMax * estimatesPerSecond
    const settings = { quantum, accuracyMin, passes: 'until-stable', estimatesMax } as const
    const memory = memoryOf(site)
    return {
      ...known,
      epochs: ['window-start', 'retraining-done', 'failure'],
      planningSecondsMax,
      plan: (problem) => ekyaOutcome(problem, known.name, { settings, memory }),
    }
  }
}

/** On one or two GPUs stealing ends in a tenth of a second; time is told in slots. */
function planningSecondsOf({ gpus }: Site): number {
  return gpus.length <= 2 ? 1 : 5
}

/** As published: tenths of a GPU by MPS, the load just measured, the old worker goes first. */
export const createEkya = createVariant({
  name: 'ekya',
  describe: `${thief}Shares by MPS, in tenths; expects the load of the last 20 s.`,
  mechanism: 'mps',
  information: asPublished,
  quantum: quantumPercent,
})

/** Granted what it lacks: a forecast, and workers that are kept until their successors serve. */
export const createEkyaForecast = createVariant({
  name: 'ekya-forecast',
  describe:
    `${thief}Shares by MPS, in tenths; granted the common forecast of arrivals and of ` +
    'retraining.',
  mechanism: 'mps',
  information: granted,
  quantum: quantumPercent,
})

export const createEkyaMakeFirst = createVariant({
  name: 'ekya-make-first',
  describe:
    `${thief}Shares by MPS, in tenths; granted the common forecast of arrivals and of ` +
    'retraining, and workers that serve until their successors do.',
  mechanism: 'mps',
  information: granted,
  quantum: quantumPercent,
  handover: 'make-first',
})

/** The same scheduler on MIG: what isolation is worth to it. */
export const createEkyaMig = createVariant({
  name: 'ekya-mig',
  describe: `${thief}Instances by MIG, in compute slices; expects the load of the last 20 s.`,
  mechanism: 'mig',
  information: asPublished,
  quantum: 1,
})
