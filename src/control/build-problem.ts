import { assert, must } from '../base/assert.ts'
import type { ArrivalForecast, RetrainingForecast } from '../core/forecast.ts'
import type {
  ItemsCount,
  PlanningProblem,
  PlanningTenant,
  RetrainingUnderWay,
} from '../core/plan/problem.ts'
import { slotsFor } from '../core/plan/warm-up.ts'
import type { Site, SiteTenant } from '../core/site.ts'
import { takeoversOf } from '../core/workload/memory-need.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import { classIndexIn } from './class-index.ts'
import { type ExecutorState, tenantOf } from './executor-state.ts'
import { remainingWork } from './remaining-work.ts'
import { instanceOfJob, runningInstances } from './running-instances.ts'

/** What is expected of one tenant in a problem's slots, whoever foresees it. */
export type TenantOutlook = {
  readonly arrivals: ArrivalForecast
  /** Weight over the requests of the whole run (designs/001, line 10). */
  readonly valuePerAnswer: number
  readonly service: ServiceTable
  readonly observedItems?: readonly ItemsCount[]
  /** Per slot, and after the end. */
  readonly accuracyDeployed: readonly number[]
  readonly accuracyTerminal: number
  readonly retraining: readonly RetrainingForecast[]
  /** The retraining under way, its whole work; null when there is none. */
  readonly underWay: RetrainingForecast | null
}

export type ProblemSpan = {
  readonly windowIndex: number
  readonly startSeconds: number
  readonly endSeconds: number
  readonly isFirstLayoutFree: boolean
}

/**
 * Everything a policy may know, as one value: the site, what exists by the executor's books (of the
 * moment the plan was requested), and an outlook per tenant, in the site's order. The lab and the
 * runtime build their problems here alike.
 */
export function buildProblem(
  site: Site,
  state: ExecutorState,
  span: ProblemSpan,
  outlooks: readonly TenantOutlook[],
): PlanningProblem {
  const { startSeconds, endSeconds } = span
  const takeovers = state.handover === 'make-first' ? takeoversOf(site) : null
  assert(outlooks.length === site.tenants.length, 'An outlook for each tenant')
  return {
    windowIndex: span.windowIndex,
    startSeconds,
    slotSeconds: site.slotSeconds,
    slotCount: slotsFor(endSeconds - startSeconds, site.slotSeconds),
    gpus: site.gpus.map(({ id, model, profileIds }, index) => ({
      id,
      model,
      profileIds,
      blocked: must(state.gpus[index]).blocked,
    })),
    classes: site.classes,
    tenants: site.tenants.map((tenant, index) =>
      planningTenant(site, state, tenant, { startSeconds, outlook: must(outlooks[index]) }),
    ),
    running: runningInstances(state, { startSeconds, costs: site.costs, tenants: site.tenants }),
    isFirstLayoutFree: span.isFirstLayoutFree,
    costs: site.costs,
    residenceSecondsMin: site.residenceSecondsMin,
    terminalSeconds: site.terminalSeconds,
    ...(takeovers === null ? {} : { takeovers }),
  }
}

function planningTenant(
  site: Site,
  state: ExecutorState,
  tenant: SiteTenant,
  expected: { readonly startSeconds: number; readonly outlook: TenantOutlook },
): PlanningTenant {
  const { outlook, startSeconds } = expected
  return {
    id: tenant.id,
    weight: tenant.weight,
    sloSeconds: tenant.sloSeconds,
    valuePerAnswer: outlook.valuePerAnswer,
    arrivals: outlook.arrivals,
    itemsPerRequest: tenant.itemsPerRequest,
    ...(outlook.observedItems === undefined ? {} : { observedItems: outlook.observedItems }),
    serving: tenant.serving,
    service: outlook.service,
    inferenceStartSeconds: tenant.inferenceStartSeconds,
    retrainingStartSeconds: tenant.retrainingStartSeconds,
    accuracyDeployed: outlook.accuracyDeployed,
    accuracyTerminal: outlook.accuracyTerminal,
    retraining: outlook.retraining,
    underWay: underWayOf(site, state, tenant, { startSeconds, whole: outlook.underWay }),
    sloAttainmentMin: tenant.sloAttainmentMin,
  }
}

function underWayOf(
  site: Site,
  state: ExecutorState,
  tenant: SiteTenant,
  expected: { readonly startSeconds: number; readonly whole: RetrainingForecast | null },
): RetrainingUnderWay | null {
  const { job } = tenantOf(state, tenant.id)
  if (job === null) return null
  const { startSeconds, whole } = expected
  const forecast = must(whole, `No outlook for the retraining of ${tenant.id} under way`)
  const classIndexOf = (gpu: number, profileId: number): number =>
    classIndexIn(site, gpu, profileId)
  return {
    forecast: remainingWork(state, job, { forecast, startSeconds, classIndexOf }),
    instanceId: instanceOfJob(state, job),
    restoreSeconds: job.hasCheckpoint ? tenant.checkpointRestoreSeconds : 0,
  }
}
