import { must } from '../base/assert.ts'
import type { RetrainingForecast } from '../core/forecast.ts'
import { type ExecutorState, findInstance, type RetrainingJob } from './executor-state.ts'

/** Below this a speed that was seen says less than the profile. */
const observedSecondsMin = 5

/**
 * What is left of a retraining when a plan starts, as its forecast with seconds per class scaled
 * down. Where it has run for a while, the speed it showed corrects the profile, of all classes
 * alike. `classIndexOf` tells the class of the instance it runs on.
 */
export function remainingWork(
  state: ExecutorState,
  job: RetrainingJob,
  options: {
    /** Of the whole work. */
    readonly forecast: RetrainingForecast
    readonly startSeconds: number
    readonly classIndexOf: (gpu: number, profileId: number) => number
  },
): RetrainingForecast {
  const { forecast, startSeconds, classIndexOf } = options
  const host = job.instanceId === null ? undefined : findInstance(state, job.instanceId)
  const worker = host?.worker?.kind === 'retraining' ? host.worker : null
  const isTraining = worker?.phase === 'training'
  const profileSeconds =
    host === undefined ? null : forecast.secondsByClass[classIndexOf(host.gpu, host.profileId)]
  const whole = profileSeconds ?? 0
  const trainedSeconds = isTraining ? state.nowSeconds - must(worker).sinceSeconds : 0
  const gained = job.fraction - job.checkpointFraction
  const isSeen = isTraining && trainedSeconds >= observedSecondsMin && gained > 0 && whole > 0
  const scale = isSeen ? trainedSeconds / gained / whole : 1
  const ahead = isTraining && whole > 0 ? (startSeconds - state.nowSeconds) / (whole * scale) : 0
  const share = Math.max(0, 1 - job.fraction - Math.max(0, ahead))
  return {
    ...forecast,
    secondsByClass: forecast.secondsByClass.map((seconds) =>
      seconds === null ? null : seconds * scale * share,
    ),
  }
}
