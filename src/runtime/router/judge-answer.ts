/** How a label compares with an answer. */
export type Verdict =
  | { readonly kind: 'judged'; readonly items: number; readonly correctItems: number }
  | { readonly kind: 'incomparable'; readonly message: string }

type Scalar = string | number | boolean

/**
 * Compares a label with the first output of an answer in the Open Inference Protocol. As many
 * label values as output values: compared one by one. As many label values as rows of a matrix of
 * numbers: each names the column with the greatest score of its row (class scores). Row-major data,
 * flat or nested.
 */
export function judgeAnswer(answer: Buffer | null, label: unknown): Verdict {
  if (answer === null) return incomparable('the answer was not kept')
  const output = firstOutput(answer)
  if (output === null) return incomparable('the answer has no first output with data in JSON')
  const labels = scalarsOf(label)
  if (labels === null || labels.length === 0) {
    return incomparable('a label is a value, or a list of values')
  }
  const { values } = output
  if (values.length === labels.length) {
    return judged(labels.map((value, i) => value === values[i]))
  }
  const width = values.length / labels.length
  const areScores = values.every((value) => typeof value === 'number')
  const areClasses = labels.every((value) => Number.isInteger(value))
  if (Number.isInteger(width) && width > 1 && areScores && areClasses) {
    return judged(labels.map((value, row) => value === greatest(values, row * width, width)))
  }
  return incomparable(
    `the answer's first output has ${values.length} values, the label ${labels.length}`,
  )
}

function judged(hits: readonly boolean[]): Verdict {
  return { kind: 'judged', items: hits.length, correctItems: hits.filter((hit) => hit).length }
}

function incomparable(message: string): Verdict {
  return { kind: 'incomparable', message }
}

function greatest(values: readonly Scalar[], from: number, width: number): number {
  let best = 0
  for (let i = 1; i < width; i += 1) {
    if ((values[from + i] as number) > (values[from + best] as number)) best = i
  }
  return best
}

function firstOutput(answer: Buffer): { readonly values: readonly Scalar[] } | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(answer.toString('utf8'))
  } catch {
    return null
  }
  const outputs = fieldOf(parsed, 'outputs')
  const values = scalarsOf(Array.isArray(outputs) ? fieldOf(outputs[0], 'data') : undefined)
  return values === null || values.length === 0 ? null : { values }
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

/** All values of a scalar or of nested lists of them, in order; null: something else is in. */
function scalarsOf(value: unknown): readonly Scalar[] | null {
  if (isScalar(value)) return [value]
  if (!Array.isArray(value)) return null
  const flat: readonly unknown[] = value.flat(8)
  return flat.every(isScalar) ? flat : null
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
