import { assert } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import type { LearningPoint, ProbeReading } from '../core/observation.ts'

/** How to try a configuration out: a few epochs on part of the labels, a test after each. */
export type ProbePlan = {
  readonly configurationId: string
  readonly epochs: number
  /** Share of the labels that each of these epochs uses, in (0, 1]. */
  readonly labelShare: number
  readonly heldOutLabels: number
  /** Of the configuration's whole work. */
  readonly workShare: number
}

export type ProbeSettings = {
  readonly epochsMax: number
  readonly labelShare: number
  readonly heldOutLabels: number
}

/** As Ekya's micro-profiler (NSDI 2022): few epochs, a fraction of the window's labels. */
export const probeDefaults: ProbeSettings = { epochsMax: 5, labelShare: 0.2, heldOutLabels: 200 }

/** The probe of a configuration; it never trains longer than the configuration itself. */
export function planProbe(
  configuration: { readonly id: string; readonly epochs: number },
  settings: ProbeSettings = probeDefaults,
): ProbePlan {
  assert(configuration.epochs > 0, 'A configuration has epochs')
  const epochs = Math.min(settings.epochsMax, Math.ceil(configuration.epochs))
  const workShare = Math.min(1, (epochs * settings.labelShare) / configuration.epochs)
  return {
    configurationId: configuration.id,
    epochs,
    labelShare: settings.labelShare,
    heldOutLabels: settings.heldOutLabels,
    workShare,
  }
}

/**
 * What the probe is charged: its share of the configuration's seconds on that instance, plus its
 * tests, which run the model forwards only (a third of the cost of a training step per sample).
 */
export function probeSeconds(plan: ProbePlan, wholeSeconds: number, wholeSamples: number): number {
  assert(wholeSeconds > 0 && wholeSamples > 0, 'A configuration takes time and samples')
  const tested = ((plan.epochs + 1) * plan.heldOutLabels) / 3
  return wholeSeconds * (plan.workShare + tested / wholeSamples)
}

/**
 * The reading that a probe gives when the true accuracy after x epochs' worth of work is
 * `accuracyAfterWork(x)`: each test counts correct answers among its held-out labels. Only who
 * holds the truth (the simulator) can call this; a node trains and tests instead.
 */
export function drawProbeReading(
  plan: ProbePlan,
  truth: {
    readonly accuracyAfterWork: (epochs: number) => number
    readonly classIndex: number
    readonly atSeconds: number
    readonly costSeconds: number
  },
  rng: Rng,
): ProbeReading {
  const points = Array.from({ length: plan.epochs + 1 }, (_, epoch): LearningPoint => {
    const epochs = epoch * plan.labelShare
    const accuracy = truth.accuracyAfterWork(epochs)
    let correct = 0
    for (let i = 0; i < plan.heldOutLabels; i += 1) if (rng.uniform() < accuracy) correct += 1
    return { epochs, labelled: plan.heldOutLabels, correct }
  })
  const { classIndex, atSeconds, costSeconds } = truth
  return { configurationId: plan.configurationId, classIndex, atSeconds, costSeconds, points }
}
