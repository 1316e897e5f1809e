import type { Handover, Policy } from '../../core/policy.ts'
import type { PolicyFactory } from '../context.ts'
import { memoryOf } from '../placing/memory-of.ts'
import { astraeaOutcome } from './astraea-plan.ts'

const reconstructed =
  'Astraea (ASPLOS 2022) with our adapter to tenants that retrain, reconstructed from its ' +
  'abstract and notes on it: how many instances of which share each tenant needs for the load it ' +
  'has, by simulated annealing on predicted performance; what is left retrains. Its cheap ' +
  'communication between stages has nothing to do where a tenant is one model. '

type Variant = Pick<Policy, 'name' | 'describe' | 'mechanism'> & {
  readonly isGrantedForecast: boolean
  readonly handover?: Handover
}

/**
 * It deploys for the load there is, and anew when that has moved by a fifth. Of measuring it over
 * 10 to 200 s the best that was tried (docs/designs/004-baselines.md).
 */
const measured = { arrivals: 'last-window', measuredSeconds: 60, retraining: 'forecast' } as const
const granted = { arrivals: 'forecast', retraining: 'forecast' } as const

function createVariant({ isGrantedForecast, ...known }: Variant): PolicyFactory {
  const change = isGrantedForecast ? 'deviation' : 'load-moved'
  return ({ site }) => ({
    ...known,
    epochs: ['window-start', 'retraining-done', change, 'failure'],
    information: isGrantedForecast ? granted : measured,
    planningSecondsMax: 0,
    plan: (problem) => astraeaOutcome(problem, known.name, memoryOf(site)),
  })
}

export const createAstraea = createVariant({
  name: 'astraea',
  describe: `${reconstructed}Shares by MPS, in steps of 5 %; expects the load of the last minute.`,
  mechanism: 'mps',
  isGrantedForecast: false,
})

/** Granted what it lacks: a forecast, and workers that are kept until their successors serve. */
export const createAstraeaMakeFirst = createVariant({
  name: 'astraea-make-first',
  describe:
    `${reconstructed}Shares by MPS, in steps of 5 %; granted the common forecast of arrivals, ` +
    'and workers that serve until their successors do.',
  mechanism: 'mps',
  isGrantedForecast: true,
  handover: 'make-first',
})

/** The same shares on MIG: what isolation is worth to it. */
export const createAstraeaMig = createVariant({
  name: 'astraea-mig',
  describe: `${reconstructed}Instances by MIG; expects the load of the last minute.`,
  mechanism: 'mig',
  isGrantedForecast: false,
})
