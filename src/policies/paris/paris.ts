import type { PlanningProblem } from '../../core/plan/problem.ts'
import type { Policy } from '../../core/policy.ts'
import type { Site } from '../../core/site.ts'
import type { PolicyContext, PolicyFactory } from '../context.ts'
import type { FixedInstance } from '../fixed-instance.ts'
import { fixedLayoutOutcome } from '../fixed-layout.ts'
import { meanRps } from '../placing/size-figures.ts'
import { parisLayout } from './paris-layout.ts'

const reconstructed =
  'PARIS with our adapter to tenants that retrain, reconstructed from its abstract and ' +
  'follow-ups: MIG instances by what each tenant needs for its mean load within the SLO, with ' +
  'instances set aside to retrain where that load leaves room; requests are routed by ELSA. It ' +
  'knows no accuracy. '

/** From here on a load counts as served: of 0.7 to 1 the best we tried. */
const servedMin = 0.9

/** One layout for the whole run, made from its first problem. */
export function createParis({ site }: PolicyContext): Policy {
  let kept: { readonly of: string; readonly layout: readonly FixedInstance[] } | null = null
  return {
    name: 'paris',
    describe: `${reconstructed}One layout for the whole run.`,
    mechanism: 'mig',
    router: 'elsa',
    epochs: ['window-start', 'retraining-done', 'failure'],
    information: { arrivals: 'last-window', retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => {
      const of = siteKeyOf(problem)
      if (kept === null || problem.isFirstLayoutFree || kept.of !== of) {
        const demandRps = ratesOfRun(problem, site)
        kept = { of, layout: parisLayout(problem, site, { demandRps, servedMin }) }
      }
      return fixedLayoutOutcome(problem, 'paris', kept.layout)
    },
  }
}

/**
 * Mean rates over the run, as far as they are known when it begins: a layout for the whole run is
 * not made for its first window. The value of an answer holds the requests expected in the run.
 */
function ratesOfRun({ tenants }: PlanningProblem, { simulation }: Site): readonly number[] {
  const weights = tenants.reduce((sum, { weight }) => sum + weight, 0)
  return tenants.map((tenant) => {
    const { weight, valuePerAnswer } = tenant
    if (simulation === null || valuePerAnswer === 0) return meanRps(tenant)
    return weight / weights / valuePerAnswer / simulation.durationSeconds
  })
}

/** A layout made for one set of GPUs and tenants says nothing about another. */
function siteKeyOf({ gpus, tenants }: PlanningProblem): string {
  const ids = gpus.map(({ model, profileIds }) => `${model.id}:${profileIds.join()}`)
  return [...ids, ...tenants.map(({ id }) => id)].join(' ')
}

function createWindowed(
  known: Pick<Policy, 'name' | 'describe'>,
  told: Pick<Policy['information'], 'arrivals' | 'measuredSeconds'>,
): PolicyFactory {
  return ({ site }) => ({
    ...known,
    mechanism: 'mig',
    router: 'elsa',
    epochs: ['window-start', 'failure'],
    information: { ...told, retraining: 'forecast' },
    planningSecondsMax: 0,
    plan: (problem) => {
      const demandRps = problem.tenants.map(meanRps)
      const layout = parisLayout(problem, site, { demandRps, servedMin })
      return fixedLayoutOutcome(problem, known.name, layout)
    },
  })
}

/** A new layout at the start of every window. */
export const createParisWindow = createWindowed(
  {
    name: 'paris-window',
    describe: `${reconstructed}A new layout for each window, by the load of the last 10 s.`,
  },
  { arrivals: 'last-window', measuredSeconds: 10 },
)

/** Granted what it lacks: a forecast. */
export const createParisForecast = createWindowed(
  {
    name: 'paris-forecast',
    describe: `${reconstructed}A new layout for each window, by the common forecast of its load.`,
  },
  { arrivals: 'forecast' },
)
