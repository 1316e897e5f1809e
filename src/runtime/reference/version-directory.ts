import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { accuracyOn, type LearnerModel } from '../../learning/learner.ts'
import { createWorld } from '../../learning/measure.ts'
import { deserialiseModel, serialiseModel } from '../../learning/model-bytes.ts'
import { drawSamples } from '../../learning/stream.ts'
import type { Study } from '../../learning/studies.ts'

/** A version of the reference model on disk: its weights, and what it came of. */
export type VersionMeta = {
  readonly format: 1
  /** Id of the study whose model it is. */
  readonly study: string
  readonly configuration: string
  /** Labelled samples that it was trained on. */
  readonly samples: number
  readonly epochs: number
  /** Version that it was trained from; null for an initial one. */
  readonly from: string | null
  /** Of an initial version: when its newest labels were taken, in seconds of the run; at most 0. */
  readonly labelledUntilSeconds?: number
  /** Of an initial version: labels that it was judged on, of its own concept. */
  readonly heldOut?: { readonly labelled: number; readonly correct: number }
}

export type ReadVersionResult =
  | { readonly kind: 'version'; readonly model: LearnerModel; readonly study: string | null }
  | { readonly kind: 'unusable'; readonly reason: string }

const weightsFile = 'model.bin'
const metaFile = 'migrator-version.json'

/** Writes `dir` as a whole or not at all; one that is there is replaced. */
export async function writeVersion(
  dir: string,
  model: LearnerModel,
  meta: VersionMeta,
): Promise<void> {
  const fresh = join(dirname(dir), `.${randomUUID()}`)
  await mkdir(fresh, { recursive: true })
  await writeFile(join(fresh, weightsFile), serialiseModel({ model, epochsDone: 0 }))
  await writeFile(join(fresh, metaFile), `${JSON.stringify(meta, null, 1)}\n`)
  await rm(dir, { recursive: true, force: true })
  await rename(fresh, dir)
}

/** What a directory holds, of whatever origin. */
export async function readVersion(dir: string): Promise<ReadVersionResult> {
  const path = join(dir, weightsFile)
  const bytes = await readFile(path).catch(() => null)
  if (bytes === null) return { kind: 'unusable', reason: `There is no ${path}` }
  const read = deserialiseModel(bytes)
  if (read.kind === 'malformed') return { kind: 'unusable', reason: `${path}: ${read.reason}` }
  const study = await studyOf(join(dir, metaFile))
  return { kind: 'version', model: read.checkpoint.model, study }
}

/** The version that a study deploys before a run, trained on labels of position 0. */
export async function writeInitialVersion(
  dir: string,
  study: Study,
  { seed, labelledUntilSeconds }: { readonly seed: number; readonly labelledUntilSeconds: number },
): Promise<void> {
  const { initial, concept, rng, testInputs } = createWorld(study, seed, 0)
  const { labels, epochs } = study.initial
  const labelled = testInputs.length / study.stream.dimensions
  const heldOut = drawSamples(concept, 0, labelled, rng.split('held-out labels'))
  await writeVersion(dir, initial, {
    format: 1,
    study: study.id,
    configuration: 'initial',
    samples: labels,
    epochs,
    from: null,
    labelledUntilSeconds,
    heldOut: { labelled, correct: Math.round(labelled * accuracyOn(initial, heldOut)) },
  })
}

async function studyOf(path: string): Promise<string | null> {
  try {
    const { study } = JSON.parse(await readFile(path, 'utf8'))
    return typeof study === 'string' ? study : null
  } catch {
    return null
  }
}
