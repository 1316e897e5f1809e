import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { RetrainingConfiguration } from '../../learning/configuration.ts'
import { type Study, studies } from '../../learning/studies.ts'
import {
  readCheckpoint,
  removeCheckpoint,
  type TrainingCheckpoint,
  writeCheckpoint,
} from './checkpoint-file.ts'
import { ownPace, variable } from './environment.ts'
import { type TrainingState, trainAtPace } from './paced-training.ts'
import { readTrainingData } from './training-data.ts'
import { readVersion, writeVersion } from './version-directory.ts'

/**
 * The reference retraining worker: `node trainer.js`, by the workers' contract. It really trains
 * on the labelled data there are, at the pace of the figures in MIGRATOR_PACE_FILE.
 */
const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())

const from = variable('MIGRATOR_MODEL_DIR')
const configurationId = variable('MIGRATOR_CONFIGURATION')
const checkpointDir = variable('MIGRATOR_CHECKPOINT_DIR')
const outputDir = variable('MIGRATOR_OUTPUT_DIR')
const { pace, wholeSeconds } = await paceHere()
const start = await readVersion(from)
if (start.kind === 'unusable') throw new Error(`Cannot start from ${from}: ${start.reason}`)
const { shape } = start.model
const { study, configuration } = chosen(start.study)
const checkpoint = await ownCheckpoint()
const data = await readTrainingData(variable('MIGRATOR_DATA_DIR'), {
  dimensions: shape.inputs,
  classes: shape.classes,
  labelsMax: study.labelsPerWindow,
  extent: checkpoint?.data ?? null,
})
if (data.samples.count === 0) throw new Error('There are no labelled requests to learn from')
console.log(`${data.samples.count} labelled samples, ${data.skipped} lines left out`)
const firstStepSeconds = pace.startSeconds + (checkpoint === null ? 0 : pace.restoreSeconds)
// This clock begins with the process.
await wait(Math.max(0, 1000 * firstStepSeconds - performance.now()))

const end = await trainAtPace(
  {
    configuration,
    samples: data.samples,
    wholeSeconds,
    name: `${basename(from)}/${configurationId}`,
  },
  checkpoint ?? { model: start.model, epochsDone: 0, epochShare: 0 },
  {
    onProgress: (progress) => console.log(JSON.stringify(progress)),
    onEpoch: keep,
    signal: stopping.signal,
  },
)
await wait(1000 * pace.checkpointSeconds)
if (end.epochsDone < configuration.epochs) await keep(end)
else await finish(end)
process.exit(0)

function keep(state: TrainingState): Promise<void> {
  const { model, epochsDone, epochShare } = state
  const made: TrainingCheckpoint = {
    from,
    configuration: configurationId,
    data: data.extent,
    model,
    epochsDone,
    epochShare,
  }
  return writeCheckpoint(checkpointDir, made)
}

async function finish({ model, epochsDone }: TrainingState): Promise<void> {
  const version = `${configurationId}-${Date.now()}-${randomBytes(3).toString('hex')}`
  await writeVersion(join(outputDir, version), model, {
    format: 1,
    study: study.id,
    configuration: configurationId,
    samples: data.samples.count,
    epochs: epochsDone,
    from: basename(from),
  })
  console.log(JSON.stringify({ done: true, version }))
  await removeCheckpoint(checkpointDir)
}

async function paceHere() {
  const { retraining } = await ownPace()
  const wholeSeconds = retraining?.wholeSeconds[configurationId]
  if (retraining === null || wholeSeconds === undefined) {
    const profile = variable('MIGRATOR_PROFILE')
    throw new Error(`There is no pace for ${configurationId} on ${profile}`)
  }
  return { pace: retraining, wholeSeconds }
}

/** The study whose model it is; one of the same shape where the version does not say. */
function chosen(studyId: string | null): {
  readonly study: Study
  readonly configuration: RetrainingConfiguration
} {
  const study =
    studies.find(({ id }) => id === studyId) ??
    studies.find(({ stream }) => stream.dimensions === shape.inputs)
  if (study === undefined) throw new Error(`No study has a model of ${shape.inputs} features`)
  const configuration = study.configurations.find(({ id }) => id === configurationId)
  if (configuration === undefined) throw new Error(`${study.id} has no ${configurationId}`)
  return { study, configuration }
}

/** A checkpoint of this very retraining. */
async function ownCheckpoint(): Promise<TrainingCheckpoint | null> {
  const read = await readCheckpoint(checkpointDir)
  const isOwn =
    read !== null &&
    read.from === from &&
    read.configuration === configurationId &&
    read.model.shape.inputs === shape.inputs
  return isOwn ? read : null
}
