import { basename } from 'node:path'
import type { LearnerModel } from '../../learning/learner.ts'
import { predictAll } from '../../learning/learner.ts'
import {
  type InferRequest,
  type InferResponse,
  loadBesideExtension,
  type ModelMetadata,
  modelDirParameter,
  type ServerMetadata,
} from '../open-inference/protocol.ts'
import { flatValues } from '../open-inference/tensor-values.ts'
import { inputName, outputName } from './drifting-source.ts'
import type { ServingPace } from './pace.ts'
import { pacedBatches } from './paced-batches.ts'
import { readVersion } from './version-directory.ts'

/** What a question came to: an answer's status and body. */
export type Reply = { readonly status: number; readonly body: object }

/** The reference model as a service: loads version directories, answers batches at their pace. */
export type InferenceService = {
  readonly isReady: () => boolean
  readonly server: () => ServerMetadata
  readonly model: () => ModelMetadata
  readonly infer: (request: InferRequest) => Promise<Reply>
  /** Goes on with the version it has until the other one is loaded, and if it cannot be. */
  readonly load: (parameters: Readonly<Record<string, unknown>>) => Promise<Reply>
}

export type ServiceOptions = {
  readonly tenant: string
  readonly pace: ServingPace
  readonly wait: (seconds: number) => Promise<void>
}

type Loaded = { readonly model: LearnerModel; readonly version: string }

type Asked = {
  readonly request: InferRequest
  readonly features: Float64Array
  answer: InferResponse | null
}

const name = 'migrator reference model (paced by figures, not measured)'

/** Loads `modelDir`; throws where it cannot, because then there is nothing to serve. */
export async function inferenceService(
  modelDir: string,
  { tenant, pace, wait }: ServiceOptions,
): Promise<InferenceService> {
  let loaded = await loadedFrom(modelDir)
  const batches = pacedBatches<Asked>(pace, execute)
  return { isReady, server, model, infer, load }

  /** This clock begins with the process. */
  function isReady(): boolean {
    return performance.now() >= 1000 * pace.readySeconds
  }

  function server(): ServerMetadata {
    return { name, version: '1', extensions: ['model_repository', loadBesideExtension] }
  }

  function model(): ModelMetadata {
    const { inputs } = loaded.model.shape
    return {
      name: tenant,
      versions: [loaded.version],
      platform: 'migrator_reference',
      inputs: [{ name: inputName, datatype: 'FP64', shape: [-1, inputs] }],
      outputs: [{ name: outputName, datatype: 'UINT8', shape: [-1] }],
    }
  }

  async function infer(request: InferRequest): Promise<Reply> {
    if (!isReady()) return fault(503, 'It is not ready yet')
    const features = featuresIn(request, loaded.model.shape.inputs)
    if (typeof features === 'string') return fault(400, features)
    const asked: Asked = { request, features, answer: null }
    await batches.submit(asked, features.length / loaded.model.shape.inputs)
    return asked.answer === null
      ? fault(500, 'The version has changed its shape meanwhile')
      : { status: 200, body: asked.answer }
  }

  /** All with the version of this moment: a load never splits a batch. */
  function execute(batch: readonly Asked[]): void {
    const { model: weights, version } = loaded
    for (const asked of batch) {
      if (asked.features.length % weights.shape.inputs !== 0) continue
      const classes = predictAll(weights, asked.features)
      const { id } = asked.request
      asked.answer = {
        model_name: tenant,
        model_version: version,
        ...(id === undefined ? {} : { id }),
        outputs: [
          {
            name: outputName,
            shape: [classes.length],
            datatype: 'UINT8',
            data: Array.from(classes),
          },
        ],
      }
    }
  }

  async function load(parameters: Readonly<Record<string, unknown>>): Promise<Reply> {
    const dir = parameters[modelDirParameter]
    if (typeof dir !== 'string') return fault(400, `parameters.${modelDirParameter} is missing`)
    try {
      const next = await loadedFrom(dir)
      await wait(pace.loadSeconds)
      loaded = next
      return { status: 200, body: {} }
    } catch (error) {
      return fault(400, (error as Error).message)
    }
  }
}

export function fault(status: number, error: string): Reply {
  return { status, body: { error } }
}

async function loadedFrom(dir: string): Promise<Loaded> {
  const read = await readVersion(dir)
  if (read.kind === 'unusable') throw new Error(`Cannot load ${dir}: ${read.reason}`)
  return { model: read.model, version: basename(dir) }
}

/** Rows of features, or what is wrong with them. */
function featuresIn({ inputs }: InferRequest, width: number): Float64Array | string {
  const input = inputs.find((each) => each.name === inputName)
  if (input === undefined || inputs.length !== 1) return `The one input is called ${inputName}`
  const { shape, datatype } = input
  const [rows, columns] = shape
  if (shape.length !== 2 || columns !== width || rows === 0) {
    return `${inputName} has shape [n, ${width}], not [${shape.join()}]`
  }
  if (!datatype.startsWith('FP')) return `${inputName} is of floating point, not ${datatype}`
  return Float64Array.from(flatValues(input.data) as readonly number[])
}
