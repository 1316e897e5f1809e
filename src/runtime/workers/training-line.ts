import { z } from 'zod'
import type { TrainingProgress } from './worker-events.ts'

/** A line that a trainer printed. */
export type TrainingLine =
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  /** Done; `version` is the name of a directory in its output directory. */
  | { readonly kind: 'done'; readonly version: string }
  /** Anything that is no JSON object: trainers chat. */
  | { readonly kind: 'chatter' }
  /** A JSON object that is neither. */
  | { readonly kind: 'garbled'; readonly reason: string }

const optional = z
  .number()
  .nullish()
  .transform((value) => value ?? null)

const progress = z.object({
  epoch: z.number().min(0),
  fraction: z.number().min(0).max(1),
  loss: optional,
  accuracy: optional,
  secondsLeft: optional,
})

/** A name, not a path: what a trainer writes must not lead out of its output directory. */
const versionName = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/)

const done = z.object({ done: z.literal(true), version: versionName })

export function readTrainingLine(line: string): TrainingLine {
  if (!line.trimStart().startsWith('{')) return { kind: 'chatter' }
  const value = parsed(line)
  if (value === null || typeof value !== 'object') {
    return { kind: 'garbled', reason: `No JSON: ${line.slice(0, 80)}` }
  }
  if ('done' in value) {
    const read = done.safeParse(value)
    if (read.success) return { kind: 'done', version: read.data.version }
    return { kind: 'garbled', reason: z.prettifyError(read.error) }
  }
  const read = progress.safeParse(value)
  if (read.success) return { kind: 'progress', progress: read.data }
  return { kind: 'garbled', reason: z.prettifyError(read.error) }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
