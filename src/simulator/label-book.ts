import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { VersionMeasurement } from '../control/events.ts'
import type {
  AccuracySample,
  DeployedVersion,
  FinishedRetraining,
  LabelCount,
  ProbeReading,
} from '../core/observation.ts'
import type { Site } from '../core/site.ts'
import { binomial, heldOutShare, type Versions } from './versions.ts'

/** A retraining, as the controller knows it. */
export type JobRecord = {
  readonly tenant: number
  readonly configurationId: string
  /** The version it started from. */
  readonly from: string
  readonly labelsSeconds: number
  /** What was tried out on those labels before. */
  readonly probes: readonly ProbeReading[]
  /** Their cost, charged to the retraining; parallel to the site's classes. */
  readonly probeSecondsByClass: readonly number[]
}

/**
 * Requests of one second: how many came, the version deployed then, how many it answered in time,
 * and how many of those right, in expectation.
 */
export type AnsweredSecond = {
  readonly arrived: number
  readonly version: string
  readonly inTime: number
  readonly accuracySum: number
}

type TenantBook = {
  deployed: DeployedVersion
  readonly samples: AccuracySample[]
  readonly finished: FinishedRetraining[]
  probes: readonly ProbeReading[]
  probeSecondsByClass: readonly number[]
  /** Labels that came back for the last window: to train on and to be judged by. */
  labels: number
  /** Up to when the labels reached that the last retraining was done on. */
  usedUntilSeconds: number
}

type Measured = { readonly measurement: VersionMeasurement; readonly labelsSeconds: number }

/** Labels that the starting version was tested on. */
const firstTestLabels = 1000
/** Labels of a window are counted in this many parts, so that drift inside it can be seen. */
const partsOfWindow = 4

/**
 * What a controller in the lab learns from labels: they arrive at window starts, for the requests
 * of the window before. Everything it tells is what a node could measure; the truth is only drawn
 * from.
 */
export class LabelBook {
  /** Up to when labels have come back. */
  labelsSeconds = 0
  readonly #site: Site
  readonly #versions: Versions
  readonly #rng: Rng
  readonly #tenants: readonly TenantBook[]
  readonly #jobs = new Map<string, JobRecord>()
  readonly #measured = new Map<string, Measured>()
  readonly #work = new Map<string, { classIndex: number; seconds: number; parts: number }>()
  readonly #versionLabels = new Map<string, number>()
  readonly #made = new Map<string, string>()
  readonly #doneSeconds = new Map<string, number>()

  constructor(site: Site, versions: Versions, rng: Rng) {
    this.#site = site
    this.#versions = versions
    this.#rng = rng
    this.#tenants = site.tenants.map((_, tenant) => {
      const versionId = versions.initialOf(tenant)
      const versionLabelledUntilSeconds = versions.initialLabelsSeconds(tenant)
      this.#versionLabels.set(versionId, versionLabelledUntilSeconds)
      const older = versions.predecessorLabelsSeconds(tenant)
      this.#versionLabels.set(versions.predecessorOf(tenant), older)
      return {
        deployed: { versionId, versionLabelledUntilSeconds, heldOut: this.#firstTest(tenant) },
        samples: [],
        finished: [],
        probes: [],
        probeSecondsByClass: site.classes.map(() => 0),
        labels: 0,
        usedUntilSeconds: Number.NEGATIVE_INFINITY,
      }
    })
  }

  of(tenant: number): Readonly<TenantBook> {
    return must(this.#tenants[tenant])
  }

  /** A window starts: labels for the seconds since the last one, of each tenant, come back. */
  labelsArrive(nowSeconds: number, answered: readonly (readonly AnsweredSecond[])[]): void {
    this.labelsSeconds = nowSeconds
    for (const [tenant, book] of this.#tenants.entries()) {
      const seconds = must(answered[tenant])
      const part = Math.ceil(seconds.length / partsOfWindow)
      for (let from = 0; from < seconds.length; from += part) {
        const middle = nowSeconds - seconds.length + from + part / 2
        this.#sample(tenant, seconds.slice(from, from + part), middle)
      }
      const arrived = seconds.reduce((sum, own) => sum + own.arrived, 0)
      book.labels = Math.floor(must(this.#site.simulation).labelledShare * arrived)
      book.probes = []
      book.probeSecondsByClass = this.#site.classes.map(() => 0)
    }
  }

  /** What was tried out on the newest labels, and what that costs the retraining that follows. */
  probed(
    tenant: number,
    probes: readonly ProbeReading[],
    probeSecondsByClass: readonly number[],
  ): void {
    const book = this.#bookOf(tenant)
    book.probes = probes
    book.probeSecondsByClass = probeSecondsByClass
  }

  beginJob(
    jobId: string,
    job: { readonly tenant: number; readonly configurationId: string; readonly from: string },
  ): void {
    const { labelsSeconds } = this
    const book = this.#bookOf(job.tenant)
    const { probes, probeSecondsByClass } = book
    book.usedUntilSeconds = labelsSeconds
    this.#versions.beginJob(jobId, { ...job, labelsSeconds })
    this.#jobs.set(jobId, { ...job, labelsSeconds, probes, probeSecondsByClass })
  }

  jobOf(jobId: string): JobRecord {
    return must(this.#jobs.get(jobId), `No job ${jobId}`)
  }

  /** By the profile, probes included; the job must be able to run on that class. */
  workSecondsOf(jobId: string, classIndex: number): number {
    const { tenant, configurationId, probeSecondsByClass } = this.jobOf(jobId)
    const { retraining, id } = must(this.#site.tenants[tenant])
    const own = must(retraining.find((other) => other.configurationId === configurationId))
    const seconds = must(
      own.secondsByClass[classIndex] ?? null,
      `${configurationId} of ${id} cannot run on class ${classIndex}`,
    )
    return seconds + must(probeSecondsByClass[classIndex])
  }

  /** The job is worked on, on instances of that class, until it is done or taken off. */
  countWork(jobId: string, classIndex: number, seconds: number): void {
    const before = this.#work.get(jobId)
    this.#work.set(jobId, { classIndex, seconds, parts: (before?.parts ?? 0) + 1 })
  }

  finishJob(jobId: string, version: string, atSeconds: number): void {
    this.#made.set(version, jobId)
    this.#doneSeconds.set(version, atSeconds)
    this.#versionLabels.set(version, this.jobOf(jobId).labelsSeconds)
  }

  /** Labels of the last window that nothing is trained on. */
  heldOutLabels(tenant: number): number {
    return Math.floor(heldOutShare * this.#bookOf(tenant).labels)
  }

  /** Candidate and deployed version on labels held out of the newest ones there are. */
  measure(tenant: number, candidate: string, deployed: string): VersionMeasurement {
    const { labelsSeconds } = this
    const labels = this.heldOutLabels(tenant)
    const measurement = this.#versions.measure(candidate, deployed, { labels, labelsSeconds })
    this.#measured.set(candidate, { measurement, labelsSeconds })
    this.#noteFinished(tenant, candidate, measurement)
    return measurement
  }

  deploy(tenant: number, version: string): void {
    const { measurement, labelsSeconds } = must(this.#measured.get(version))
    const versionLabelledUntilSeconds = must(this.#versionLabels.get(version))
    const labelled = measurement.labels
    const correct = measurement.correctCandidate
    const book = this.#bookOf(tenant)
    const isSameAge = labelsSeconds === versionLabelledUntilSeconds
    const heldOut = isSameAge ? { labelled, correct } : null
    book.deployed = { versionId: version, versionLabelledUntilSeconds, heldOut }
    if (isSameAge) return
    const sample = { versionId: version, versionLabelledUntilSeconds, labelled, correct }
    book.samples.push({ ...sample, atSeconds: labelsSeconds })
  }

  /** The starting version was tested like any other when it was made. */
  #firstTest(tenant: number): LabelCount {
    const { id } = must(this.#site.tenants[tenant])
    const versionId = this.#versions.initialOf(tenant)
    const madeSeconds = this.#versions.initialLabelsSeconds(tenant)
    const accuracy = this.#versions.accuracyOf(versionId, madeSeconds)
    const rng = this.#rng.split(`first-test/${id}`)
    return { labelled: firstTestLabels, correct: binomial(rng, firstTestLabels, accuracy) }
  }

  /** A retraining that moved between instances says nothing about the speed of either. */
  #noteFinished(tenant: number, version: string, measurement: VersionMeasurement): void {
    const jobId = must(this.#made.get(version))
    const { configurationId, probeSecondsByClass } = this.jobOf(jobId)
    const { classIndex, seconds, parts } = must(this.#work.get(jobId))
    const whole = this.workSecondsOf(jobId, classIndex)
    const ownShare = 1 - must(probeSecondsByClass[classIndex]) / whole
    const { labels, correctCandidate, correctDeployed } = measurement
    this.#bookOf(tenant).finished.push({
      versionId: version,
      versionLabelledUntilSeconds: must(this.#versionLabels.get(version)),
      configurationId,
      classIndex: parts === 1 ? classIndex : -1,
      finishedSeconds: must(this.#doneSeconds.get(version)),
      seconds: ownShare * seconds,
      before: { labelled: labels, correct: correctDeployed },
      after: { labelled: labels, correct: correctCandidate },
    })
  }

  /** A share of the answers is labelled; seconds of one version are counted together. */
  #sample(tenant: number, seconds: readonly AnsweredSecond[], atSeconds: number): void {
    const { labelledShare } = must(this.#site.simulation)
    const rng = this.#rng.split(`${must(this.#site.tenants[tenant]).id}/${atSeconds}`)
    for (const versionId of new Set(seconds.map(({ version }) => version))) {
      const own = seconds.filter(({ version }) => version === versionId)
      const answers = own.reduce((sum, { inTime }) => sum + inTime, 0)
      const right = own.reduce((sum, { accuracySum }) => sum + accuracySum, 0)
      const labelled = Math.round(labelledShare * answers)
      if (labelled === 0) continue
      this.#bookOf(tenant).samples.push({
        versionId,
        versionLabelledUntilSeconds: must(this.#versionLabels.get(versionId)),
        atSeconds,
        labelled,
        correct: binomial(rng.split(versionId), labelled, Math.min(1, right / answers)),
      })
    }
  }

  #bookOf(tenant: number): TenantBook {
    return must(this.#tenants[tenant])
  }
}
