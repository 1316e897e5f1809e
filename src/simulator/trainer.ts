import { must } from '../base/assert.ts'
import { classIndexIn } from '../control/class-index.ts'
import { type ExecutorState, findInstance, tenantOf } from '../control/executor-state.ts'
import type { Site } from '../core/site.ts'
import type { LabelBook } from './label-book.ts'
import type { Truth } from './truth.ts'

type Training = {
  readonly tenant: number
  readonly jobId: string
  readonly classIndex: number
  readonly beganSeconds: number
  /** Of the whole work on this instance, with the neighbours that its figures expect. */
  readonly wholeSeconds: number
  /** As of the last change of speed. */
  readonly fromFraction: number
  readonly fromSeconds: number
  /** How much longer it takes beside the neighbours it has. */
  readonly factor: number
  readonly doneSeconds: number
}

/** Retrainings under way, each at the speed its instance truly has. */
export class Trainer {
  readonly #site: Site
  readonly #truth: Truth
  readonly #book: LabelBook
  readonly #stateNow: () => ExecutorState
  readonly #trainings = new Map<string, Training>()

  constructor(options: {
    readonly site: Site
    readonly truth: Truth
    readonly book: LabelBook
    readonly stateNow: () => ExecutorState
  }) {
    this.#site = options.site
    this.#truth = options.truth
    this.#book = options.book
    this.#stateNow = options.stateNow
  }

  /** The job's first step on this instance is now. */
  start(instanceId: string, jobId: string, nowSeconds: number): void {
    const { gpu, profileId } = must(findInstance(this.#stateNow(), instanceId))
    const classIndex = classIndexIn(this.#site, gpu, profileId)
    const { tenant } = this.#book.jobOf(jobId)
    const { id } = must(this.#site.tenants[tenant])
    const job = must(tenantOf(this.#stateNow(), id).job, `${id} has no job`)
    const scale = must(this.#truth.tenants[tenant]?.retrainingScale[classIndex])
    const wholeSeconds = scale * this.#book.workSecondsOf(jobId, classIndex)
    this.#trainings.set(instanceId, {
      tenant,
      jobId,
      classIndex,
      beganSeconds: nowSeconds,
      wholeSeconds,
      fromFraction: job.fraction,
      fromSeconds: nowSeconds,
      factor: 1,
      doneSeconds: nowSeconds + (1 - job.fraction) * wholeSeconds,
    })
  }

  isTraining(instanceId: string): boolean {
    return this.#trainings.has(instanceId)
  }

  /** Neighbours came or went: what is left takes `factor` times as long. */
  setFactor(instanceId: string, factor: number, nowSeconds: number): void {
    const training = this.#trainingOn(instanceId)
    if (training.factor === factor || nowSeconds >= training.doneSeconds) return
    const fromFraction = this.fractionOf(instanceId, nowSeconds)
    const doneSeconds = nowSeconds + (1 - fromFraction) * training.wholeSeconds * factor
    const changed = { ...training, fromFraction, fromSeconds: nowSeconds, factor, doneSeconds }
    this.#trainings.set(instanceId, changed)
  }

  /** When its last step will be; null where nothing trains. */
  doneSecondsOf(instanceId: string): number | null {
    return this.#trainings.get(instanceId)?.doneSeconds ?? null
  }

  /** Share of the whole work done, at most 1. */
  fractionOf(instanceId: string, nowSeconds: number): number {
    const { fromFraction, fromSeconds, wholeSeconds, factor } = this.#trainingOn(instanceId)
    return Math.min(1, fromFraction + (nowSeconds - fromSeconds) / (wholeSeconds * factor))
  }

  tenantOf(instanceId: string): number {
    return this.#trainingOn(instanceId).tenant
  }

  /** It is done or taken off; nothing may have trained there. */
  stop(instanceId: string, nowSeconds: number): void {
    const training = this.#trainings.get(instanceId)
    if (training === undefined) return
    const { jobId, classIndex, beganSeconds, doneSeconds } = training
    this.#book.countWork(jobId, classIndex, Math.min(nowSeconds, doneSeconds) - beganSeconds)
    this.#trainings.delete(instanceId)
  }

  progress(
    nowSeconds: number,
  ): readonly { readonly instanceId: string; readonly fraction: number }[] {
    return [...this.#trainings.keys()].map((instanceId) => ({
      instanceId,
      fraction: this.fractionOf(instanceId, nowSeconds),
    }))
  }

  #trainingOn(instanceId: string): Training {
    return must(this.#trainings.get(instanceId), `Nothing trains on ${instanceId}`)
  }
}
