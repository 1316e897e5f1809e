import { must } from '../base/assert.ts'
import { buildProblem } from '../control/build-problem.ts'
import { initialState } from '../control/executor-state.ts'
import type { AccuracyOutlook, Hindsight, RetrainingDone } from '../core/hindsight.ts'
import {
  type ModelVersion,
  retrainedVersion,
  versionAccuracyAt,
} from '../core/learning/model-version.ts'
import type { PlanningProblem } from '../core/plan/problem.ts'
import { slotsFor } from '../core/plan/warm-up.ts'
import type { Site } from '../core/site.ts'
import type { ServiceTable } from '../core/workload/service-table.ts'
import type { Horizon } from '../forecast/horizon.ts'
import { oracleDeployed, oracleRetraining } from '../forecast/oracle-retraining.ts'
import { scaledService } from '../outlook/service-speed.ts'
import { type Foreseen, withValues } from '../outlook/tenant-values.ts'
import { knowArrivals } from './known-arrivals.ts'
import { serviceTables } from './service-tables.ts'
import { drawTruth, type Truth } from './truth.ts'
import { positionAt } from './versions.ts'

/**
 * A whole run, known in advance: what an oracle is told of the seed's truth. True arrivals, and
 * what every chain of retrainings would come to but for its luck, how long batches truly take.
 */
export function hindsightOf(
  site: Site,
  seed: number,
  services: readonly ServiceTable[] = serviceTables(site),
): Hindsight {
  const truth = drawTruth(site, seed)
  const { durationSeconds } = must(site.simulation)
  const windows = Math.ceil(durationSeconds / site.windowSeconds - 1e-9)
  const known = { site, truth, services }
  return {
    windows: Array.from({ length: windows }, (_, window) => problemOf(known, window)),
    outlook: (tenant, window, history) => outlookOf(known, { tenant, window, history }),
  }
}

type Known = {
  readonly site: Site
  readonly truth: Truth
  readonly services: readonly ServiceTable[]
}

function problemOf({ site, truth, services }: Known, window: number): PlanningProblem {
  const models = site.gpus.map(({ model }) => model)
  const tenants = site.tenants.map(({ id }) => ({ id, version: '' }))
  const { startSeconds, slotSeconds, slotCount } = horizonOf(site, window)
  const endSeconds = startSeconds + slotCount * slotSeconds
  const foreseen = site.tenants.map((_, tenant): Foreseen => {
    const arrivals = knowArrivals(site, must(truth.tenants[tenant]), {
      nowSeconds: startSeconds,
      startSeconds,
      slotCount,
    })
    const own = outlookOf({ site, truth, services }, { tenant, window, history: [] })
    const { serviceScale } = must(truth.tenants[tenant])
    const service = scaledService(must(services[tenant]), serviceScale)
    const outlook = { ...own, arrivals: arrivals.forecast, service, underWay: null }
    return { arrivals, outlook: { ...outlook, valuePerAnswer: 0 } }
  })
  const span = { windowIndex: window, startSeconds, endSeconds, isFirstLayoutFree: true }
  return buildProblem(site, initialState(models, tenants), span, withValues(site, foreseen))
}

function outlookOf(
  { site, truth }: Known,
  asked: {
    readonly tenant: number
    readonly window: number
    readonly history: readonly RetrainingDone[]
  },
): AccuracyOutlook {
  const { tenant, window, history } = asked
  const { accuracy: table, retraining } = must(site.tenants[tenant])
  const { drift, initialStaleness } = must(site.simulation?.tenants[tenant])
  const horizon = horizonOf(site, window)
  const labelsAt = (of: number): number => positionAt(drift, of * site.windowSeconds)
  const accuracyOf = (version: ModelVersion) => (atSeconds: number) =>
    versionAccuracyAt(table, version, positionAt(drift, atSeconds))
  const after = (from: ModelVersion, done: RetrainingDone): ModelVersion => {
    const { configurationId } = done
    return retrainedVersion(table, from, { configurationId, labelsAt: labelsAt(done.window) })
  }
  const initial: ModelVersion = { kind: 'initial', labelsAt: -initialStaleness }
  const version = history.reduce<ModelVersion>((from, done) => {
    const next = after(from, done)
    const judgedAt = labelsAt(done.window)
    const isBetter =
      versionAccuracyAt(table, next, judgedAt) > versionAccuracyAt(table, from, judgedAt)
    return isBetter ? next : from
  }, initial)
  const deployed = oracleDeployed(accuracyOf(version), horizon)
  const scale = must(truth.tenants[tenant]).retrainingScale
  return {
    accuracyDeployed: deployed.perSlot,
    accuracyTerminal: deployed.terminal,
    retraining: retraining.map(({ configurationId, secondsByClass }) => {
      const accuracyAt = accuracyOf(after(version, { window, configurationId }))
      const seconds = secondsByClass.map((own, k) => (own === null ? null : own * must(scale[k])))
      return oracleRetraining({ configurationId, secondsByClass: seconds, accuracyAt }, horizon)
    }),
  }
}

function horizonOf(site: Site, window: number): Horizon {
  const { windowSeconds, slotSeconds, terminalSeconds } = site
  const { durationSeconds } = must(site.simulation)
  const startSeconds = window * windowSeconds
  const seconds = Math.min(windowSeconds, durationSeconds - startSeconds)
  return { startSeconds, slotSeconds, slotCount: slotsFor(seconds, slotSeconds), terminalSeconds }
}
