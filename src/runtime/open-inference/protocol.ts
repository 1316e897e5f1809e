/**
 * The JSON of the Open Inference Protocol, version 2 (github.com/kserve/open-inference-protocol,
 * specification/protocol/inference_rest.md), and of Triton's model repository extension.
 */
export const tensorDatatypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const

export type TensorDatatype = (typeof tensorDatatypes)[number]

export type TensorValue = number | boolean | string

/** Values in row-major order, flat or nested as `shape` says. */
export type TensorData = readonly (TensorValue | TensorData)[]

export type Parameters = Readonly<Record<string, TensorValue>>

export type Tensor = {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: TensorDatatype
  readonly data: TensorData
  readonly parameters?: Parameters
}

export type InferRequest = {
  readonly id?: string
  readonly inputs: readonly Tensor[]
  readonly outputs?: readonly { readonly name: string; readonly parameters?: Parameters }[]
  readonly parameters?: Parameters
}

export type InferResponse = {
  readonly model_name: string
  readonly model_version?: string
  readonly id?: string
  readonly outputs: readonly Tensor[]
  readonly parameters?: Parameters
}

/**
 * Among a server's extensions: it answers with the version that it has while it loads another one,
 * and has memory for both. Without it no request comes while a version is loaded.
 */
export const loadBesideExtension = 'migrator_load_beside'

export type ServerMetadata = {
  readonly name: string
  readonly version: string
  readonly extensions: readonly string[]
}

/** A dimension of -1 may be any size. */
export type TensorMetadata = {
  readonly name: string
  readonly datatype: TensorDatatype
  readonly shape: readonly number[]
}

export type ModelMetadata = {
  readonly name: string
  readonly versions?: readonly string[]
  readonly platform: string
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
}

export type ErrorResponse = { readonly error: string }

/**
 * Body of `POST /v2/repository/models/<name>/load`. Of its parameters, `model_dir` is ours: the
 * version directory to serve from now on. A worker answers 200 once every request that comes after
 * its answer is served by that version, and anything else while it stays with the old one.
 */
export type LoadRequest = { readonly parameters?: Parameters }

export const modelDirParameter = 'model_dir'

export const routes = {
  live: '/v2/health/live',
  ready: '/v2/health/ready',
  server: '/v2',
  model: (name: string) => `/v2/models/${encodeURIComponent(name)}`,
  modelReady: (name: string) => `/v2/models/${encodeURIComponent(name)}/ready`,
  infer: (name: string) => `/v2/models/${encodeURIComponent(name)}/infer`,
  load: (name: string) => `/v2/repository/models/${encodeURIComponent(name)}/load`,
  unload: (name: string) => `/v2/repository/models/${encodeURIComponent(name)}/unload`,
} as const
