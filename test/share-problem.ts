import { must } from '../src/base/assert.ts'
import type { RetrainingForecast } from '../src/core/forecast.ts'
import { profileById, type Sharing } from '../src/core/mig/gpu-model.ts'
import { knownOn, secondsOnShare } from '../src/core/mps/share-figures.ts'
import { siteUnder } from '../src/core/mps/share-site.ts'
import type { PlanningProblem, RunningInstance } from '../src/core/plan/problem.ts'
import type { Site } from '../src/core/site.ts'
import type { ServiceTable } from '../src/core/workload/service-table.ts'
import { siteOf } from './site-of.ts'

/** The problem as it is when its GPUs are shared, with shares about as large as its instances. */
export function shareProblemOf(problem: PlanningProblem, sharing: Sharing): PlanningProblem {
  const site = siteUnder(sharing, siteOf(problem))
  return {
    ...problem,
    gpus: problem.gpus.map((gpu, i) => {
      const { model, profileIds } = must(site.gpus[i])
      return { ...gpu, model, profileIds, blocked: [] }
    }),
    classes: site.classes,
    costs: site.costs,
    tenants: problem.tenants.map((tenant, i) => {
      const { serving } = must(site.tenants[i])
      const shared = (own: RetrainingForecast) => sharedForecast(problem, site, own)
      return {
        ...tenant,
        serving,
        service: serviceOf(serving.map((own) => own?.capacityItemsPerSecond ?? 0)),
        retraining: tenant.retraining.map(shared),
        underWay: tenant.underWay && {
          ...tenant.underWay,
          forecast: shared(tenant.underWay.forecast),
        },
      }
    }),
    running: problem.running.map((own, seat) => sharedInstance(problem, site, own, seat)),
  }
}

function sharedForecast(
  { gpus, classes }: PlanningProblem,
  { classes: shares }: Site,
  forecast: RetrainingForecast,
): RetrainingForecast {
  const secondsByClass = shares.map(({ gpuModelId, profileId: percent }) => {
    const { model } = must(gpus.find((own) => gpuModelId.startsWith(`${own.model.id} by`)))
    const known = knownOn(model, classes, forecast.secondsByClass)
    return secondsOnShare(model, known, { sharing: 'mps', percent })
  })
  return { ...forecast, secondsByClass }
}

/** The largest share that is no larger than the instance, on a seat of its own. */
function sharedInstance(
  { gpus }: PlanningProblem,
  site: Site,
  own: RunningInstance,
  seat: number,
): RunningInstance {
  const { model } = must(gpus[own.gpu])
  const size = profileById(model, own.profileId).computeSlices / model.computeSlices
  const shares = must(site.gpus[own.gpu]).profileIds
  const percent = must([...shares].reverse().find((share) => share <= 100 * size))
  return { ...own, profileId: percent, start: seat }
}

const loads = [0, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.6, 2.5, 5]

/** Curves of single shares; several are pooled from them. */
function serviceOf(capacityRps: readonly number[]): ServiceTable {
  const sets = capacityRps.flatMap((capacity, k) => {
    if (capacity === 0) return []
    const counts = capacityRps.map((_, other) => (other === k ? 1 : 0))
    const inTimeShare = loads.map((load) => (1 + load ** 3) ** (-1 / 3))
    return [{ counts, capacityRps: capacity, inTimeShare }]
  })
  return { classCount: capacityRps.length, loads, sets }
}
