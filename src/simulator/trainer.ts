import { must } from '../base/assert.ts'
import { classIndexIn } from '../control/class-index.ts'
import { type ExecutorState, findInstance, tenantOf } from '../control/executor-state.ts'
import type { Site } from '../core/site.ts'
import type { LabelBook } from './label-book.ts'
import type { Truth } from './truth.ts'

type Training = {
  readonly tenant: number
  readonly fromFraction: number
  readonly fromSeconds: number
  /** Of the whole work, on this instance. */
  readonly wholeSeconds: number
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

  /** The job's first step on this instance is now. Answers when its last one will be. */
  start(instanceId: string, jobId: string, nowSeconds: number): number {
    const { gpu, profileId } = must(findInstance(this.#stateNow(), instanceId))
    const classIndex = classIndexIn(this.#site, gpu, profileId)
    const { tenant } = this.#book.jobOf(jobId)
    const { id } = must(this.#site.tenants[tenant])
    const job = must(tenantOf(this.#stateNow(), id).job, `${id} has no job`)
    const scale = must(this.#truth.tenants[tenant]?.retrainingScale[classIndex])
    const wholeSeconds = scale * this.#book.workSecondsOf(jobId, classIndex)
    const training = { tenant, fromFraction: job.fraction, fromSeconds: nowSeconds, wholeSeconds }
    this.#trainings.set(instanceId, training)
    this.#book.countWork(jobId, classIndex, (1 - job.fraction) * wholeSeconds)
    return nowSeconds + (1 - job.fraction) * wholeSeconds
  }

  /** Share of the whole work done, at most 1. */
  fractionOf(instanceId: string, nowSeconds: number): number {
    const training = this.#trainingOn(instanceId)
    const { fromFraction, fromSeconds, wholeSeconds } = training
    return Math.min(1, fromFraction + (nowSeconds - fromSeconds) / wholeSeconds)
  }

  tenantOf(instanceId: string): number {
    return this.#trainingOn(instanceId).tenant
  }

  stop(instanceId: string): void {
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
