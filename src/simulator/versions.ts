import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { VersionMeasurement } from '../control/events.ts'
import {
  type AccuracyTable,
  type Drift,
  learningCurveAt,
  measuredConfiguration,
} from '../core/learning/accuracy-table.ts'
import { driftAt } from '../core/learning/drift.ts'
import {
  type ModelVersion,
  retrainedVersion,
  stalenessAt,
  versionAccuracyAt,
} from '../core/learning/model-version.ts'
import type { SimulatedTenant, Site } from '../core/site.ts'

/** Of the labels of a window, what is kept from training to judge versions on. */
export const heldOutShare = 0.2

type TrueVersion = {
  readonly tenant: number
  readonly model: ModelVersion
  /** How this training turned out beside the table's mean, in accuracy. */
  readonly luck: number
}

/** A retraining as the truth has it: the version it started from and the labels it was given. */
type TrueJob = {
  readonly tenant: number
  readonly configurationId: string
  readonly next: ModelVersion
}

/** Every model version there is, and how good each truly is on the data of a moment. */
export class Versions {
  readonly #site: Site
  readonly #tenants: readonly SimulatedTenant[]
  readonly #rng: Rng
  readonly #versions = new Map<string, TrueVersion>()
  readonly #jobs = new Map<string, TrueJob>()

  constructor(site: Site, rng: Rng) {
    this.#site = site
    this.#tenants = must(site.simulation).tenants
    this.#rng = rng
    for (const [tenant, { initialStaleness, drift }] of this.#tenants.entries()) {
      const labelsAt = -initialStaleness
      const model = { kind: 'initial', labelsAt } as const
      this.#versions.set(this.initialOf(tenant), { tenant, model, luck: 0 })
      const older = labelsAt - drift.distancePerSecond * site.windowSeconds
      const predecessor = { kind: 'initial', labelsAt: older } as const
      this.#versions.set(this.predecessorOf(tenant), { tenant, model: predecessor, luck: 0 })
    }
  }

  initialOf(tenant: number): string {
    return `${must(this.#site.tenants[tenant]).id}/initial`
  }

  /**
   * When the labels of the starting version were taken, at the steady pace of drift; never after 0.
   */
  initialLabelsSeconds(tenant: number): number {
    const { drift, initialStaleness } = must(this.#tenants[tenant])
    return drift.distancePerSecond > 0 ? -initialStaleness / drift.distancePerSecond : 0
  }

  /** What served before the starting version was there: one alike, on labels a window older. */
  predecessorOf(tenant: number): string {
    return `${must(this.#site.tenants[tenant]).id}/before`
  }

  predecessorLabelsSeconds(tenant: number): number {
    return this.initialLabelsSeconds(tenant) - this.#site.windowSeconds
  }

  modelOf(version: string): ModelVersion {
    return this.#versionOf(version).model
  }

  /** Share of right answers on the data of that moment. */
  accuracyOf(version: string, atSeconds: number): number {
    const { tenant } = this.#versionOf(version)
    return this.#accuracyAt(version, this.#positionAt(tenant, atSeconds))
  }

  /**
   * A job is given the labels there are at `labelsSeconds`, and starts from the deployed version.
   */
  beginJob(
    jobId: string,
    job: {
      readonly tenant: number
      readonly configurationId: string
      readonly from: string
      readonly labelsSeconds: number
    },
  ): void {
    const { tenant, configurationId, from, labelsSeconds } = job
    const labelsAt = this.#positionAt(tenant, labelsSeconds)
    const next = this.#retrained(tenant, from, { configurationId, labelsAt })
    this.#jobs.set(jobId, { tenant, configurationId, next })
  }

  /** What a retraining begun now would give, at a moment, but for its luck; for oracles. */
  prospectOf(
    tenant: number,
    job: {
      readonly configurationId: string
      readonly from: string
      readonly labelsSeconds: number
    },
  ): (atSeconds: number) => number {
    const { configurationId, from, labelsSeconds } = job
    const labelsAt = this.#positionAt(tenant, labelsSeconds)
    const next = this.#retrained(tenant, from, { configurationId, labelsAt })
    return (atSeconds) => this.#modelAccuracyAt(tenant, next, this.#positionAt(tenant, atSeconds))
  }

  /** The same of a retraining under way. */
  outcomeOf(jobId: string): (atSeconds: number) => number {
    const { tenant, next } = must(this.#jobs.get(jobId), `No job ${jobId}`)
    return (atSeconds) => this.#modelAccuracyAt(tenant, next, this.#positionAt(tenant, atSeconds))
  }

  /** Accuracy after that many epochs of a retraining, on the labels it starts with. */
  curveOf(
    tenant: number,
    job: {
      readonly configurationId: string
      readonly from: string
      readonly labelsSeconds: number
    },
  ): (epochs: number) => number {
    const table = this.#tableOf(tenant)
    const position = this.#positionAt(tenant, job.labelsSeconds)
    const staleness = stalenessAt(table, this.modelOf(job.from), position)
    const curve = learningCurveAt(table, job.configurationId, staleness)
    return (epochs) => {
      const below = Math.min(curve.length - 1, Math.floor(epochs))
      const a = must(curve[below])
      return a + (epochs - below) * ((curve[below + 1] ?? a) - a)
    }
  }

  /** The job is done: what it made, by name. */
  finishJob(jobId: string): string {
    const { tenant, configurationId, next } = must(this.#jobs.get(jobId), `No job ${jobId}`)
    const { accuracySpread } = measuredConfiguration(this.#tableOf(tenant), configurationId)
    const luck = accuracySpread * this.#rng.split(`luck/${jobId}`).normal()
    const version = `${jobId}/version`
    this.#versions.set(version, { tenant, model: next, luck })
    return version
  }

  /** Both versions on the same number of held-out labels, taken at `labelsSeconds`. */
  measure(
    candidate: string,
    deployed: string,
    sample: { readonly labels: number; readonly labelsSeconds: number },
  ): VersionMeasurement {
    const { tenant } = this.#versionOf(candidate)
    const position = this.#positionAt(tenant, sample.labelsSeconds)
    const rng = this.#rng.split(`gate/${candidate}`)
    const correctOf = (version: string): number =>
      binomial(rng.split(version), sample.labels, this.#accuracyAt(version, position))
    return {
      labels: sample.labels,
      correctCandidate: correctOf(candidate),
      correctDeployed: correctOf(deployed),
    }
  }

  #accuracyAt(version: string, position: number): number {
    const { tenant, model, luck } = this.#versionOf(version)
    return Math.min(1, Math.max(0, this.#modelAccuracyAt(tenant, model, position) + luck))
  }

  #modelAccuracyAt(tenant: number, model: ModelVersion, position: number): number {
    return versionAccuracyAt(this.#tableOf(tenant), model, position)
  }

  #retrained(
    tenant: number,
    from: string,
    labels: { readonly configurationId: string; readonly labelsAt: number },
  ): ModelVersion {
    return retrainedVersion(this.#tableOf(tenant), this.modelOf(from), labels)
  }

  #positionAt(tenant: number, atSeconds: number): number {
    return positionAt(must(this.#tenants[tenant]).drift, atSeconds)
  }

  #tableOf(tenant: number): AccuracyTable {
    return must(this.#site.tenants[tenant]).accuracy
  }

  #versionOf(version: string): TrueVersion {
    return must(this.#versions.get(version), `No version ${version}`)
  }
}

/** Where the concept is at a moment; before t = 0 the stream drifted at its steady pace. */
export function positionAt(drift: Drift, atSeconds: number): number {
  return atSeconds >= 0 ? driftAt(drift, atSeconds) : drift.distancePerSecond * atSeconds
}

/** How many of `n` come out right, each with that chance; by its normal limit when n is large. */
export function binomial(rng: Rng, n: number, chance: number): number {
  const variance = n * chance * (1 - chance)
  if (variance > 100) {
    return Math.min(n, Math.max(0, Math.round(n * chance + Math.sqrt(variance) * rng.normal())))
  }
  let right = 0
  for (let i = 0; i < n; i += 1) if (rng.uniform() < chance) right += 1
  return right
}
