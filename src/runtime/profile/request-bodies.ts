import type {
  InferRequest,
  ModelMetadata,
  Tensor,
  TensorData,
  TensorDatatype,
  TensorMetadata,
  TensorValue,
} from '../open-inference/protocol.ts'
import { flatValues, valueCount } from '../open-inference/tensor-values.ts'

/** What a worker is asked, and how requests of it are put together to a batch. */
export type RequestMaker = {
  readonly describe: string
  /**
   * The bodies of one batch of `items` items, as the router sends them: requests of the tenant's
   * size, all at once, the last one smaller where it does not come out even.
   */
  readonly batchOf: (items: number) => readonly Buffer[]
}

export type RequestMakerResult =
  | { readonly kind: 'maker'; readonly maker: RequestMaker }
  | { readonly kind: 'unusable'; readonly reason: string }

/** Requests with made-up values, in the shapes that the worker says its model takes. */
export function requestsByMetadata(
  { inputs }: ModelMetadata,
  itemsPerRequest: number,
): RequestMakerResult {
  if (inputs.length === 0) return { kind: 'unusable', reason: 'its model names no inputs' }
  const isBatched = inputs.every(({ shape }) => shape[0] === -1)
  const requestOf = (items: number): InferRequest => ({
    inputs: inputs.map((input) => madeUp(input, items)),
  })
  const shapes = inputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join()}]`)
  const open = inputs.some(({ shape }) => shape.slice(1).includes(-1))
  const size = isBatched ? itemsPerRequest : 1
  return {
    kind: 'maker',
    maker: {
      describe:
        `made-up values for ${shapes.join(', ')}, ${itemsText(size)} a request` +
        (open ? ', open dimensions as 1' : ''),
      batchOf: (items) => bodies(requestOf, items, size),
    },
  }
}

/** Requests like one that a person gave; the first dimension of its inputs counts its items. */
export function requestsLike(sample: InferRequest, itemsPerRequest: number): RequestMakerResult {
  const counts = new Set(sample.inputs.map(({ shape }) => shape[0]))
  const [count] = counts
  if (counts.size !== 1 || count === undefined || count === 0) {
    const found = [...counts].map((own) => own ?? 'none').join(', ')
    return { kind: 'unusable', reason: `its inputs have different first dimensions (${found})` }
  }
  const flat = sample.inputs.map((input) => ({ input, values: flatValues(input.data) }))
  const requestOf = (items: number): InferRequest => ({
    ...sample,
    inputs: flat.map(({ input, values }) => repeated(input, values, { count, items })),
  })
  return {
    kind: 'maker',
    maker: {
      describe: `a given request over and over, ${itemsText(itemsPerRequest)} a request`,
      batchOf: (items) => bodies(requestOf, items, itemsPerRequest),
    },
  }
}

function itemsText(items: number): string {
  return `${items} ${items === 1 ? 'item' : 'items'}`
}

function bodies(
  requestOf: (items: number) => InferRequest,
  items: number,
  size: number,
): readonly Buffer[] {
  const whole = Math.floor(items / size)
  const rest = items - whole * size
  const bodyOf = (count: number): Buffer => Buffer.from(JSON.stringify(requestOf(count)))
  const full = whole === 0 ? [] : [bodyOf(size)]
  return [
    ...Array.from({ length: whole }, () => full).flat(),
    ...(rest === 0 ? [] : [bodyOf(rest)]),
  ]
}

function repeated(
  input: Tensor,
  values: readonly TensorValue[],
  { count, items }: { readonly count: number; readonly items: number },
): Tensor {
  const width = values.length / count
  const data = Array.from(
    { length: items * width },
    (_, i) => values[i % values.length],
  ) as TensorData
  return { ...input, shape: [items, ...input.shape.slice(1)], data }
}

function madeUp({ name, datatype, shape }: TensorMetadata, items: number): Tensor {
  const own = shape.map((size, i) => (size === -1 ? (i === 0 ? items : 1) : size))
  const data = Array.from({ length: valueCount(own) }, (_, i) => valueOf(datatype, i))
  return { name, datatype, shape: own, data }
}

/** Neither all the same nor of chance: a model takes as long with the next run's. */
function valueOf(datatype: TensorDatatype, i: number): TensorValue {
  if (datatype === 'BYTES') return 'text'
  if (datatype === 'BOOL') return i % 2 === 0
  if (datatype.startsWith('FP')) return ((i * 37) % 101) / 101
  return (i * 37) % 101
}
