import type { Policy } from '../../core/policy.ts'
import type { PolicyFactory } from '../context.ts'
import { memoryOf } from '../placing/memory-of.ts'
import { astraeaOutcome } from './astraea-plan.ts'

const reconstructed =
  'Astraea (ASPLOS 2022) with our adapter to tenants that retrain, reconstructed from its abstract ' +
  'and notes on it: how many instances of which share each tenant needs for the load it has, by ' +
  'simulated annealing on predicted performance; what is left retrains. Its cheap communication ' +
  'between stages has nothing to do where a tenant is one model. '

function createVariant(known: Pick<Policy, 'name' | 'describe' | 'mechanism'>): PolicyFactory {
  return ({ site }) => ({
    ...known,
    epochs: ['window-start', 'retraining-done', 'deviation', 'failure'],
    information: { arrivals: 'last-window', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => astraeaOutcome(problem, known.name, memoryOf(site)),
  })
}

export const createAstraea = createVariant({
  name: 'astraea',
  describe: `${reconstructed}Shares by MPS, in steps of 5 %.`,
  mechanism: 'mps',
})

/** The same shares on MIG: what isolation is worth to it. */
export const createAstraeaMig = createVariant({
  name: 'astraea-mig',
  describe: `${reconstructed}Instances by MIG.`,
  mechanism: 'mig',
})
