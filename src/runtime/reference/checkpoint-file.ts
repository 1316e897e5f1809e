import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { LearnerModel } from '../../learning/learner.ts'
import { deserialiseModel, serialiseModel } from '../../learning/model-bytes.ts'
import type { DataExtent } from './training-data.ts'

/** Everything that an interrupted retraining goes on from, on whatever instance. */
export type TrainingCheckpoint = {
  /** What it retrains and how: a checkpoint of another retraining is none of this one's. */
  readonly from: string
  readonly configuration: string
  readonly data: DataExtent
  /** After its whole epochs. */
  readonly model: LearnerModel
  readonly epochsDone: number
  /** Share of the next epoch that its paced time is through with. */
  readonly epochShare: number
}

const schema = z.object({
  format: z.literal(1),
  from: z.string(),
  configuration: z.string(),
  data: z.array(z.object({ name: z.string(), bytes: z.int().min(0) })),
  epochShare: z.number().min(0).max(1),
  /** Model and whole epochs as `serialiseModel` writes them, in base64. */
  weights: z.string(),
})

const fileName = 'checkpoint.json'

/** The new checkpoint or, after a crash in here, the one before. */
export async function writeCheckpoint(dir: string, checkpoint: TrainingCheckpoint): Promise<void> {
  const { model, epochsDone, ...rest } = checkpoint
  const weights = Buffer.from(serialiseModel({ model, epochsDone })).toString('base64')
  await mkdir(dir, { recursive: true })
  const fresh = join(dir, `.${fileName}`)
  await writeFile(fresh, JSON.stringify({ format: 1, ...rest, weights }))
  await rename(fresh, join(dir, fileName))
}

/** The checkpoint there, or null: none, or none that can be used. */
export async function readCheckpoint(dir: string): Promise<TrainingCheckpoint | null> {
  const text = await readFile(join(dir, fileName), 'utf8').catch(() => '')
  const parsed = schema.safeParse(jsonOf(text))
  if (!parsed.success) return null
  const { weights, format: _, ...rest } = parsed.data
  const read = deserialiseModel(Buffer.from(weights, 'base64'))
  return read.kind === 'malformed' ? null : { ...rest, ...read.checkpoint }
}

export async function removeCheckpoint(dir: string): Promise<void> {
  await rm(join(dir, fileName), { force: true })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
