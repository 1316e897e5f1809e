import { z } from 'zod'
import { judgeAnswer } from './judge-answer.ts'
import type { RouterEvent } from './protocol.ts'
import type { TenantRouter } from './tenant-router.ts'

export const feedbackBytesMax = 64 << 10

const feedbackSchema = z.union([
  z.strictObject({ id: z.string(), label: z.unknown().refine((label) => label !== undefined) }),
  z.strictObject({ id: z.string(), correct: z.boolean() }),
])

export type FeedbackReply = {
  readonly status: number
  readonly value: Readonly<Record<string, unknown>>
  readonly event: RouterEvent | null
}

/**
 * Feedback as it came for one tenant: `{"id", "label"}` or `{"id", "correct"}`. Taken once for each
 * answer; said again it changes nothing.
 */
export function takeFeedback(tenant: TenantRouter, body: Buffer, now: number): FeedbackReply {
  const feedback = parse(body)
  if (feedback === null) {
    return refusal(400, 'Feedback is {"id": "...", "label": ...} or {"id": "...", "correct": true}')
  }
  const found = tenant.answered.find(feedback.id)
  if (found === null) {
    return refusal(404, `No answer of this model has this id, or it was too long ago`)
  }
  if (found.isLabelled) return { status: 200, value: { status: 'duplicate' }, event: null }
  const label = 'label' in feedback ? feedback.label : null
  const verdict =
    'label' in feedback
      ? judgeAnswer(found.answer, label)
      : { kind: 'judged' as const, items: 1, correctItems: feedback.correct ? 1 : 0 }
  if (verdict.kind === 'incomparable') {
    return refusal(422, `Cannot compare the label: ${verdict.message}`)
  }
  tenant.answered.markLabelled(feedback.id)
  const { items, correctItems } = verdict
  const { requestId, serverId, version, arrivedAtSeconds } = found
  return {
    status: 200,
    value: { status: 'taken', items, correct: correctItems },
    event: {
      kind: 'feedback',
      tenant: tenant.settings.tenant,
      serverId,
      requestId,
      version,
      arrivedAtSeconds,
      delaySeconds: Math.max(0, now - arrivedAtSeconds),
      items,
      correctItems,
      label,
      inputs: found.request === null ? null : textOf(found.request),
    },
  }
}

function refusal(status: number, error: string): FeedbackReply {
  return { status, value: { error }, event: null }
}

function parse(body: Buffer): z.infer<typeof feedbackSchema> | null {
  try {
    const read = feedbackSchema.safeParse(JSON.parse(body.toString('utf8')))
    return read.success ? read.data : null
  } catch {
    return null
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The body where it is text; that it is JSON the worker has said by taking it. */
function textOf(body: Buffer): string | null {
  try {
    return utf8.decode(body)
  } catch {
    return null
  }
}
