import type { Policy } from '../../core/policy.ts'
import type { PolicyFactory } from '../context.ts'
import { memoryOf } from '../placing/memory-of.ts'
import { ekyaOutcome } from './ekya-plan.ts'

/** Shares change in tenths of a GPU, as Ekya's evaluation does; its floor in the example is 40 %. */
const quantumPercent = 10
const accuracyMin = 0.4

type Variant = Pick<Policy, 'name' | 'describe' | 'mechanism' | 'information'> & {
  /** Compute slices (per cent, for shares) in a quantum. */
  readonly quantum: number
}

const thief =
  'Ekya (NSDI 2022) with our adapter to requests: its thief scheduler splits the GPUs between ' +
  'inference and retraining of all tenants for the best mean accuracy over the window, and again ' +
  'when a retraining ends. It knows no deadlines and no cost of changing. '

function createVariant(variant: Variant): PolicyFactory {
  const { quantum, ...known } = variant
  const settings = { quantum, accuracyMin, passes: 'until-stable' } as const
  return ({ site }) => ({
    ...known,
    epochs: ['window-start', 'retraining-done', 'failure'],
    planningSecondsMax: 0,
    plan: (problem) => ekyaOutcome(problem, known.name, { settings, memory: memoryOf(site) }),
  })
}

/** As published: tenths of a GPU by MPS, and the last window's load. */
export const createEkya = createVariant({
  name: 'ekya',
  describe: `${thief}Shares by MPS, in tenths; expects the load of the last window.`,
  mechanism: 'mps',
  information: { arrivals: 'last-window', retraining: 'forecast' },
  quantum: quantumPercent,
})

export const createEkyaForecast = createVariant({
  name: 'ekya-forecast',
  describe: `${thief}Shares by MPS, in tenths; granted the common forecast of arrivals.`,
  mechanism: 'mps',
  information: { arrivals: 'forecast', retraining: 'forecast' },
  quantum: quantumPercent,
})

export const createEkyaMig = createVariant({
  name: 'ekya-mig',
  describe: `${thief}Instances by MIG, in compute slices; expects the load of the last window.`,
  mechanism: 'mig',
  information: { arrivals: 'last-window', retraining: 'forecast' },
  quantum: 1,
})
