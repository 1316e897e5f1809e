import type { Tensor, TensorData, TensorDatatype, TensorValue } from './protocol.ts'

/** How many values a shape holds; 1 for a scalar, which has no dimensions. */
export function valueCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** The values of a tensor in row-major order, whether they came flat or nested. */
export function flatValues(data: TensorData): readonly TensorValue[] {
  if (data.every((value) => !Array.isArray(value))) return data as readonly TensorValue[]
  const flat: TensorValue[] = []
  // No recursion: how deep a peer nests is the peer's choice.
  const open: { readonly values: TensorData; at: number }[] = [{ values: data, at: 0 }]
  for (;;) {
    const top = open.at(-1)
    if (top === undefined) return flat
    const value = top.values[top.at]
    top.at += 1
    if (top.at > top.values.length) open.pop()
    else if (Array.isArray(value)) open.push({ values: value as TensorData, at: 0 })
    else flat.push(value as TensorValue)
  }
}

/** What is wrong between a tensor's shape, datatype and data; null when nothing is. */
export function tensorFault({ shape, datatype, data }: Tensor): string | null {
  const expected = valueCount(shape)
  const values = flatValues(data)
  if (values.length !== expected) {
    return `shape [${shape.join()}] holds ${expected} values, the data ${values.length}`
  }
  const fits = check[datatype]
  const wrong = values.findIndex((value) => !fits(value))
  if (wrong === -1) return null
  return `value ${wrong} is no ${datatype}: ${JSON.stringify(values[wrong])?.slice(0, 40)}`
}

type Check = (value: unknown) => boolean

const isNumber: Check = (value) => typeof value === 'number'

/** Beyond 2^53 JSON numbers are not exact any more, so 64-bit integers are held to `from..to`. */
const isInteger =
  (from: number, to: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= from && (value as number) <= to

const check: Readonly<Record<TensorDatatype, Check>> = {
  // Servers differ in how they write it.
  BOOL: (value) => typeof value === 'boolean' || value === 0 || value === 1,
  UINT8: isInteger(0, 0xff),
  UINT16: isInteger(0, 0xffff),
  UINT32: isInteger(0, 0xffff_ffff),
  UINT64: isInteger(0, 2 ** 64),
  INT8: isInteger(-0x80, 0x7f),
  INT16: isInteger(-0x8000, 0x7fff),
  INT32: isInteger(-0x8000_0000, 0x7fff_ffff),
  INT64: isInteger(-(2 ** 63), 2 ** 63),
  FP16: isNumber,
  FP32: isNumber,
  FP64: isNumber,
  BYTES: (value) => typeof value === 'string',
}
