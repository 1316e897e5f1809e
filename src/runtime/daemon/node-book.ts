import { assert, must } from '../../base/assert.ts'
import type { VersionMeasurement } from '../../control/events.ts'
import type { AccuracySample, FinishedRetraining } from '../../core/observation.ts'
import type { Site } from '../../core/site.ts'
import type { LearningBook } from '../../outlook/retraining-outlook.ts'
import { readJson, writeJson } from './json-file.ts'
import type { StoredVersion, VersionStore } from './version-store.ts'

/** A retraining as it was begun, and how long it has been worked on. */
export type NodeJob = {
  readonly jobId: string
  readonly tenant: string
  readonly configurationId: string
  /** The version it started from. */
  readonly from: string
  readonly labelsSeconds: number
  /** Null after it was worked on in instances of several classes. */
  readonly classIndex: number | null
  readonly seconds: number
  /** Since when its present worker has been at work. */
  readonly workSinceSeconds: number | null
}

type TenantPage = {
  readonly samples: readonly AccuracySample[]
  readonly finished: readonly FinishedRetraining[]
  /** Up to when the labels reached that the last retraining was begun on. */
  readonly usedUntilSeconds: number
}

type Pages = {
  readonly labelsSeconds: number
  readonly tenants: Readonly<Record<string, TenantPage>>
  readonly jobs: readonly NodeJob[]
}

const samplesKept = 400
const finishedKept = 50
const jobsKept = 200
const emptyPage: TenantPage = { samples: [], finished: [], usedUntilSeconds: -1 }

/**
 * What the daemon has learned of versions and retrainings from labels, on disk at each change. It
 * probes nothing: trying configurations out costs a GPU that serves.
 */
export class NodeBook implements LearningBook {
  readonly #site: Site
  readonly #path: string
  readonly #versions: readonly VersionStore[]
  #pages: Pages

  constructor(options: {
    readonly site: Site
    readonly path: string
    readonly versions: readonly VersionStore[]
    /** Whether times in the file are of this run. */
    readonly isContinued: boolean
  }) {
    this.#site = options.site
    this.#path = options.path
    this.#versions = options.versions
    const before = options.isContinued ? (readJson(options.path) as Pages | null) : null
    this.#pages = before ?? { labelsSeconds: 0, tenants: {}, jobs: [] }
  }

  get labelsSeconds(): number {
    return this.#pages.labelsSeconds
  }

  get jobs(): readonly NodeJob[] {
    return this.#pages.jobs
  }

  of(tenant: number): ReturnType<LearningBook['of']> & TenantPage {
    const store = must(this.#versions[tenant])
    const page = this.#page(tenant)
    const tests = store.all().flatMap(testOf)
    return {
      ...page,
      samples: [...tests, ...page.samples],
      // Its test is among the samples.
      deployed: { ...store.deployed(), heldOut: null },
      probes: [],
      probeSecondsByClass: this.#site.classes.map(() => 0),
    }
  }

  jobOf(jobId: string): ReturnType<LearningBook['jobOf']> {
    const { configurationId, labelsSeconds } = this.job(jobId)
    const probeSecondsByClass = this.#site.classes.map(() => 0)
    return { configurationId, labelsSeconds, probes: [], probeSecondsByClass }
  }

  job(jobId: string): NodeJob {
    return must(
      this.#pages.jobs.find((own) => own.jobId === jobId),
      `No job ${jobId}`,
    )
  }

  /** A window starts, with the labels that came back since the last one. */
  labelsArrive(
    nowSeconds: number,
    arrived: readonly (readonly Omit<AccuracySample, 'versionLabelledUntilSeconds'>[])[],
  ): void {
    const tenants = this.#site.tenants.map(({ id }, tenant): [string, TenantPage] => {
      const page = this.#page(tenant)
      const fresh = must(arrived[tenant]).flatMap((sample) => {
        const version = this.#versions[tenant]?.find(sample.versionId)
        if (version === undefined) return []
        const { versionLabelledUntilSeconds } = version
        return [{ ...sample, versionLabelledUntilSeconds }]
      })
      return [id, { ...page, samples: [...page.samples, ...fresh].slice(-samplesKept) }]
    })
    this.#write({
      ...this.#pages,
      labelsSeconds: nowSeconds,
      tenants: Object.fromEntries(tenants),
    })
  }

  /** Not of a run before this one. */
  knows(jobId: string): boolean {
    return this.#pages.jobs.some((own) => own.jobId === jobId)
  }

  beginJob(job: Pick<NodeJob, 'jobId' | 'tenant' | 'configurationId' | 'from'>): void {
    const { labelsSeconds } = this
    const index = this.#indexOf(job.tenant)
    const page = { ...this.#page(index), usedUntilSeconds: labelsSeconds }
    const unworked = { classIndex: null, seconds: 0, workSinceSeconds: null }
    const begun: NodeJob = { ...job, labelsSeconds, ...unworked }
    this.#write({
      ...this.#pages,
      tenants: { ...this.#pages.tenants, [job.tenant]: page },
      jobs: [...this.#pages.jobs, begun].slice(-jobsKept),
    })
  }

  beginWork(jobId: string, nowSeconds: number): void {
    this.#changeJob({ ...this.job(jobId), workSinceSeconds: nowSeconds })
  }

  /** It was worked on for nobody knows how long: its time says nothing about any class. */
  loseTime(jobId: string): void {
    const before = this.job(jobId)
    const seconds = Math.max(before.seconds, Number.EPSILON)
    this.#changeJob({ ...before, classIndex: null, seconds, workSinceSeconds: null })
  }

  /** The job was worked on for so long on an instance of that class. */
  countWork(jobId: string, classIndex: number, seconds: number): void {
    const before = this.job(jobId)
    const isFirst = before.seconds === 0
    const isSame = isFirst || before.classIndex === classIndex
    const changed: NodeJob = {
      ...before,
      classIndex: isSame ? classIndex : null,
      seconds: before.seconds + seconds,
      workSinceSeconds: null,
    }
    this.#changeJob(changed)
  }

  /** What the retraining came to on held-out labels. */
  noteFinished(
    jobId: string,
    version: string,
    measured: { readonly measurement: VersionMeasurement; readonly atSeconds: number },
  ): void {
    const { tenant, configurationId, classIndex, seconds, labelsSeconds } = this.job(jobId)
    const { labels, correctCandidate, correctDeployed } = measured.measurement
    if (labels === 0) return
    assert(seconds >= 0, `${jobId} took ${seconds} s`)
    const finished: FinishedRetraining = {
      versionId: version,
      versionLabelledUntilSeconds: labelsSeconds,
      configurationId,
      classIndex: classIndex ?? -1,
      finishedSeconds: measured.atSeconds,
      seconds,
      before: { labelled: labels, correct: correctDeployed },
      after: { labelled: labels, correct: correctCandidate },
    }
    const page = this.#page(this.#indexOf(tenant))
    const all = [...page.finished, finished].slice(-finishedKept)
    this.#write({
      ...this.#pages,
      tenants: { ...this.#pages.tenants, [tenant]: { ...page, finished: all } },
    })
  }

  #changeJob(changed: NodeJob): void {
    const jobs = this.#pages.jobs.map((own) => (own.jobId === changed.jobId ? changed : own))
    this.#write({ ...this.#pages, jobs })
  }

  #page(tenant: number): TenantPage {
    return this.#pages.tenants[must(this.#site.tenants[tenant]).id] ?? emptyPage
  }

  #indexOf(tenant: string): number {
    return this.#site.tenants.findIndex(({ id }) => id === tenant)
  }

  #write(pages: Pages): void {
    this.#pages = pages
    writeJson(this.#path, pages)
  }
}

/** The test of a version when it was made, on labels as new as its own. */
function testOf(version: StoredVersion): readonly AccuracySample[] {
  const { versionId, versionLabelledUntilSeconds, heldOut } = version
  if (heldOut === null) return []
  const atSeconds = versionLabelledUntilSeconds
  return [{ versionId, versionLabelledUntilSeconds, atSeconds, ...heldOut }]
}
