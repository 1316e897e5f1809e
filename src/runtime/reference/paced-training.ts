import { Rng } from '../../base/rng.ts'
import { type RetrainingConfiguration, retrainEpoch } from '../../learning/configuration.ts'
import { classProbabilities, copyModel, type LearnerModel } from '../../learning/learner.ts'
import type { SampleSet } from '../../learning/stream.ts'

/** How far a retraining is; the model has the whole epochs behind it. */
export type TrainingState = {
  readonly model: LearnerModel
  readonly epochsDone: number
  /** Of the next epoch, in [0, 1). */
  readonly epochShare: number
}

export type TrainingPlan = {
  readonly configuration: RetrainingConfiguration
  readonly samples: SampleSet
  /** Of the whole work; the work itself takes milliseconds. */
  readonly wholeSeconds: number
  /** Names the order in which samples are seen, the same after an interruption. */
  readonly name: string
}

export type TrainingHooks = {
  readonly onProgress: (progress: ProgressLine) => void
  readonly onEpoch: (state: TrainingState) => Promise<void>
  /** Given when it is to stop; it returns its state of that moment. */
  readonly signal: AbortSignal
}

/** A line that a trainer prints. */
export type ProgressLine = {
  readonly epoch: number
  readonly fraction: number
  readonly loss: number
  readonly accuracy: number
  readonly secondsLeft: number
}

const reportSeconds = 1
/** Samples that loss and accuracy are told of. */
const judgedMax = 500

/** Trains for real, epoch by epoch, each taking its share of the paced time. */
export async function trainAtPace(
  plan: TrainingPlan,
  from: TrainingState,
  hooks: TrainingHooks,
): Promise<TrainingState> {
  const { configuration, samples, wholeSeconds } = plan
  const epochSeconds = wholeSeconds / configuration.epochs
  const rng = new Rng(1, plan.name)
  let state = from
  let judged = judge(state.model, samples)
  report()
  while (state.epochsDone < configuration.epochs) {
    const startedSeconds = now() - state.epochShare * epochSeconds
    const model = copyModel(state.model)
    retrainEpoch(model, samples, configuration, { epoch: state.epochsDone, rng })
    while (now() < startedSeconds + epochSeconds) {
      const left = startedSeconds + epochSeconds - now()
      await pause(Math.min(reportSeconds, left), hooks.signal)
      const epochShare = Math.min(1 - 1e-9, (now() - startedSeconds) / epochSeconds)
      state = { ...state, epochShare }
      if (hooks.signal.aborted) return state
      if (left > reportSeconds) report()
    }
    state = { model, epochsDone: state.epochsDone + 1, epochShare: 0 }
    judged = judge(model, samples)
    report()
    await hooks.onEpoch(state)
    if (hooks.signal.aborted) return state
  }
  return state

  function report(): void {
    const fraction = (state.epochsDone + state.epochShare) / configuration.epochs
    const secondsLeft = (1 - fraction) * wholeSeconds
    hooks.onProgress({ epoch: state.epochsDone, fraction, ...judged, secondsLeft })
  }
}

/** Mean cross-entropy and share of right answers on samples that it learns from. */
function judge(model: LearnerModel, samples: SampleSet): { loss: number; accuracy: number } {
  const count = Math.min(judgedMax, samples.count)
  let loss = 0
  let correct = 0
  for (let i = 0; i < count; i += 1) {
    const input = samples.inputs.subarray(i * samples.dimensions, (i + 1) * samples.dimensions)
    const probabilities = classProbabilities(model, input)
    const ofLabel = probabilities[samples.labels[i] as number] as number
    loss -= Math.log(Math.max(Number.MIN_VALUE, ofLabel)) / count
    if (ofLabel === Math.max(...probabilities)) correct += 1
  }
  return { loss, accuracy: correct / count }
}

function now(): number {
  return performance.now() / 1000
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, 1000 * seconds)
    signal.addEventListener('abort', done)

    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
