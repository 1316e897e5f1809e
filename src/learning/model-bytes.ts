import { type LearnerModel, parameterCount } from './learner.ts'

/**
 * A checkpoint: magic `MGL1`, then inputs, hidden, classes and finished epochs as 32-bit unsigned
 * integers, then the parameters as 64-bit floats, all little-endian.
 */
export type Checkpoint = {
  readonly model: LearnerModel
  /** Epochs of the retraining under way that the model has behind it; 0 for a finished version. */
  readonly epochsDone: number
}

export type ReadCheckpointResult =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'malformed'; readonly reason: string }

const magic = 0x4d474c31
const headBytes = 20
/** Far above any model of ours: a damaged head must not ask for gigabytes. */
const layerSizeMax = 65_536

export function serialiseModel({ model, epochsDone }: Checkpoint): Uint8Array {
  const bytes = new Uint8Array(headBytes + 8 * model.parameters.length)
  const view = new DataView(bytes.buffer)
  const { inputs, hidden, classes } = model.shape
  view.setUint32(0, magic)
  for (const [i, value] of [inputs, hidden, classes, epochsDone].entries()) {
    view.setUint32(4 + 4 * i, value, true)
  }
  for (const [i, value] of model.parameters.entries()) {
    view.setFloat64(headBytes + 8 * i, value, true)
  }
  return bytes
}

/** Any bytes in; a damaged or cut-off checkpoint is an answer, not an exception. */
export function deserialiseModel(bytes: Uint8Array): ReadCheckpointResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < headBytes || view.getUint32(0) !== magic) {
    return { kind: 'malformed', reason: 'It does not begin with a model head' }
  }
  const [inputs = 0, hidden = 0, classes = 0, epochsDone = 0] = [0, 1, 2, 3].map((i) =>
    view.getUint32(4 + 4 * i, true),
  )
  const shape = { inputs, hidden, classes }
  if ([inputs, hidden, classes].some((size) => size === 0 || size > layerSizeMax)) {
    return { kind: 'malformed', reason: `A layer has 1 to ${layerSizeMax} units` }
  }
  const expected = headBytes + 8 * parameterCount(shape)
  if (bytes.length !== expected) {
    return { kind: 'malformed', reason: `It has ${bytes.length} bytes, its head says ${expected}` }
  }
  const parameters = new Float64Array(parameterCount(shape))
  for (let i = 0; i < parameters.length; i += 1) {
    parameters[i] = view.getFloat64(headBytes + 8 * i, true)
  }
  if (!parameters.every(Number.isFinite)) {
    return { kind: 'malformed', reason: 'A parameter is not a finite number' }
  }
  return { kind: 'checkpoint', checkpoint: { model: { shape, parameters }, epochsDone } }
}
