import type { VersionMeasurement } from '../../control/events.ts'
import type { LabelledRequest } from '../labelled-data/labelled-request.ts'
import type { OpenInferenceClient } from '../open-inference/client.ts'
import { judgeAnswer } from '../router/judge-answer.ts'

/** Labelled items that versions are judged on, the newest: enough to tell four points apart. */
export const heldOutItemsMax = 600
/** How many requests the judge has under way at one worker. */
const concurrency = 8
const answerSecondsMax = 10

export type JudgedVersions = {
  readonly tenant: string
  readonly heldOut: readonly LabelledRequest[]
  /** A worker that serves the candidate, and no traffic. */
  readonly client: OpenInferenceClient
  /** Has that worker serve the deployed version instead; false: it could not. */
  readonly loadDeployed: () => Promise<boolean>
  readonly signal: AbortSignal
}

/**
 * Both versions on the same held-out requests, by a worker of the tenant's own. Whatever either
 * fails to answer counts for neither; null: nothing could be measured.
 */
export async function judgeVersions(judged: JudgedVersions): Promise<VersionMeasurement | null> {
  const candidate = await answersOf(judged)
  if (!(await judged.loadDeployed())) return null
  const deployed = await answersOf(judged)
  let [labels, correctCandidate, correctDeployed] = [0, 0, 0]
  for (const [i, own] of candidate.entries()) {
    const other = deployed[i] ?? null
    if (own === null || other === null) continue
    labels += own.items
    correctCandidate += own.correct
    correctDeployed += other.correct
  }
  return labels === 0 ? null : { labels, correctCandidate, correctDeployed }
}

type Answered = { readonly items: number; readonly correct: number }

async function answersOf({ tenant, heldOut, client, signal }: JudgedVersions) {
  const answers: (Answered | null)[] = heldOut.map(() => null)
  let next = 0
  const work = async (): Promise<void> => {
    while (next < heldOut.length && !signal.aborted) {
      const index = next
      next += 1
      const own = heldOut[index]
      if (own === undefined) return
      const request = { inputs: own.request.inputs }
      const answer = await client.infer(tenant, request, { secondsMax: answerSecondsMax, signal })
      if (answer.kind !== 'ok') continue
      const verdict = judgeAnswer(Buffer.from(JSON.stringify(answer.value)), own.label)
      if (verdict.kind === 'judged') {
        answers[index] = { items: verdict.items, correct: verdict.correctItems }
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return answers
}
