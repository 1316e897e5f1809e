import { z } from 'zod'
import {
  type ErrorResponse,
  type InferRequest,
  type InferResponse,
  type ModelMetadata,
  type ServerMetadata,
  type Tensor,
  tensorDatatypes,
} from './protocol.ts'
import { tensorFault } from './tensor-values.ts'

/** A message of the protocol as somebody sent it: checked, or what is wrong with it. */
export type ReadResult<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly reason: string }

const dimensionsMax = 16
const name = z.string().min(1).max(1000)
const datatype = z.enum(tensorDatatypes)
const parameters = z.record(z.string(), z.union([z.number(), z.boolean(), z.string()]))

const tensor = z.object({
  name,
  shape: z.array(z.int().min(0)).max(dimensionsMax),
  datatype,
  // Values are looked at by tensorFault, once and without copies: there may be millions.
  data: z.custom<Tensor['data']>(Array.isArray, 'an array'),
  parameters: parameters.optional(),
})

const request = z.object({
  id: z.string().max(1000).optional(),
  inputs: z.array(tensor).min(1),
  outputs: z.array(z.object({ name, parameters: parameters.optional() })).optional(),
  parameters: parameters.optional(),
})

const response = z.object({
  model_name: z.string(),
  model_version: z.string().optional(),
  id: z.string().optional(),
  outputs: z.array(tensor),
  parameters: parameters.optional(),
})

const server = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
})

const tensorMetadata = z.object({
  name,
  datatype,
  shape: z.array(z.int().min(-1)).max(dimensionsMax),
})

const model = z.object({
  name: z.string(),
  versions: z.array(z.string()).optional(),
  platform: z.string(),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
})

const error = z.object({ error: z.string() })

export function readInferRequest(value: unknown): ReadResult<InferRequest> {
  const read = readAs<InferRequest>(request, value)
  return read.kind === 'valid' ? withSoundTensors(read, read.value.inputs) : read
}

export function readInferResponse(value: unknown): ReadResult<InferResponse> {
  const read = readAs<InferResponse>(response, value)
  return read.kind === 'valid' ? withSoundTensors(read, read.value.outputs) : read
}

export function readServerMetadata(value: unknown): ReadResult<ServerMetadata> {
  return readAs(server, value)
}

export function readModelMetadata(value: unknown): ReadResult<ModelMetadata> {
  return readAs(model, value)
}

export function readError(value: unknown): ReadResult<ErrorResponse> {
  return readAs(error, value)
}

/** JSON text, which any peer may have sent, as a value. */
export function readJson(text: string): ReadResult<unknown> {
  try {
    return { kind: 'valid', value: JSON.parse(text) as unknown }
  } catch {
    return { kind: 'invalid', reason: `It is not JSON: ${JSON.stringify(text.slice(0, 80))}` }
  }
}

function readAs<T>(schema: z.ZodType, value: unknown): ReadResult<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return { kind: 'valid', value: parsed.data as T }
  const issue = parsed.error.issues[0]
  const where = issue?.path.join('.') ?? ''
  const words = issue?.message ?? 'it is malformed'
  return { kind: 'invalid', reason: where === '' ? words : `${where}: ${words}` }
}

function withSoundTensors<T>(read: ReadResult<T>, tensors: readonly Tensor[]): ReadResult<T> {
  for (const each of tensors) {
    const fault = tensorFault(each)
    if (fault !== null) return { kind: 'invalid', reason: `Tensor ${each.name}: ${fault}` }
  }
  return read
}
