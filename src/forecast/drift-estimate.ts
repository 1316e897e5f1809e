import type { AccuracySample } from '../core/observation.ts'
import { accuracyOf, type Estimate } from './learning-curve.ts'

/**
 * How fast a version's accuracy falls, per second since its labels: while these are younger than
 * `kneeSeconds`, and after that. Means are >= 0.
 */
export type DriftEstimate = {
  readonly young: Estimate
  readonly old: Estimate
  readonly kneeSeconds: number
}

export type DriftKnowledge = {
  readonly nowSeconds: number
  /** Samples count half after this, because drift need not stay what it was. */
  readonly halfLifeSeconds: number
  readonly kneeSeconds: number
}

/** Before any label: no fall, and a spread that lets a few hundred labels decide. */
const youngPrior: Estimate = { mean: 0, deviation: 1e-3 }
/**
 * A model that is right about most of a concept loses little by its first turn and then in
 * proportion: the old fall faster than the young by this factor, give or take.
 */
const steepening = 1.6
const steepeningDeviation = 1e-4

/**
 * The common fall of accuracy with the age of the labels, each version with a level of its own (a
 * weighted least-squares analysis of covariance on two slopes, with the prior as two more
 * observations).
 */
export function estimateDrift(
  samples: readonly AccuracySample[],
  knowledge: DriftKnowledge,
): DriftEstimate {
  const { kneeSeconds } = knowledge
  const sums = new SlopeSums(youngPrior.deviation ** -2, steepeningDeviation ** -2)
  for (const versionId of new Set(samples.map((sample) => sample.versionId))) {
    const own = samples.filter((sample) => sample.versionId === versionId && sample.labelled > 0)
    addVersion(sums, own, knowledge)
  }
  return { ...sums.solved(), kneeSeconds }
}

/** What a version loses, in accuracy, between two ages of its labels (seconds, >= 0). */
export function lostBetween(drift: DriftEstimate, fromAge: number, untilAge: number): Estimate {
  const { young, old, kneeSeconds } = drift
  const whileYoung = Math.min(untilAge, kneeSeconds) - Math.min(fromAge, kneeSeconds)
  const whileOld = untilAge - fromAge - whileYoung
  return {
    mean: young.mean * whileYoung + old.mean * whileOld,
    deviation: Math.abs(young.deviation * whileYoung) + Math.abs(old.deviation * whileOld),
  }
}

function addVersion(
  sums: SlopeSums,
  samples: readonly AccuracySample[],
  { nowSeconds, halfLifeSeconds, kneeSeconds }: DriftKnowledge,
): void {
  const rows = samples.map((sample) => {
    const { mean, deviation } = accuracyOf(sample)
    const recency = 0.5 ** ((nowSeconds - sample.atSeconds) / halfLifeSeconds)
    const age = sample.atSeconds - sample.versionLabelledUntilSeconds
    const young = Math.min(age, kneeSeconds)
    return { young, old: age - young, mean, weight: recency / deviation ** 2 }
  })
  const total = rows.reduce((sum, { weight }) => sum + weight, 0)
  if (total <= 0) return
  const middle = (of: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((sum, row) => sum + row.weight * of(row), 0) / total
  const young = middle((row) => row.young)
  const old = middle((row) => row.old)
  const mean = middle((row) => row.mean)
  for (const row of rows) {
    sums.add({ young: row.young - young, old: row.old - old }, mean - row.mean, row.weight)
  }
}

/** Normal equations of two slopes. */
class SlopeSums {
  #youngYoung: number
  #youngOld: number
  #oldOld: number
  #young = 0
  #old = 0

  /** Precisions of the prior: young = 0, and old = steepening x young. */
  constructor(youngPrecision: number, steepeningPrecision: number) {
    this.#youngYoung = youngPrecision + steepening ** 2 * steepeningPrecision
    this.#youngOld = -steepening * steepeningPrecision
    this.#oldOld = steepeningPrecision
  }

  /** One observation: so many seconds young and old cost `lost`. */
  add(
    { young, old }: { readonly young: number; readonly old: number },
    lost: number,
    weight: number,
  ): void {
    this.#youngYoung += weight * young * young
    this.#youngOld += weight * young * old
    this.#oldOld += weight * old * old
    this.#young += weight * young * lost
    this.#old += weight * old * lost
  }

  solved(): { readonly young: Estimate; readonly old: Estimate } {
    const determinant = this.#youngYoung * this.#oldOld - this.#youngOld ** 2
    const young = (this.#oldOld * this.#young - this.#youngOld * this.#old) / determinant
    const old = (this.#youngYoung * this.#old - this.#youngOld * this.#young) / determinant
    return {
      young: { mean: Math.max(0, young), deviation: Math.sqrt(this.#oldOld / determinant) },
      old: { mean: Math.max(0, old), deviation: Math.sqrt(this.#youngYoung / determinant) },
    }
  }
}
