import type { Tensor, TensorData, TensorValue } from '../open-inference/protocol.ts'

/**
 * One line of the files in MIGRATOR_DATA_DIR (`*.jsonl`, read in the order of their names): a
 * request as it came, and the label that came back for it. `label` has one value for each item of
 * the request (the rows of its first input), flat or nested, or is the value itself where there is
 * one item.
 */
export type LabelledRequest = {
  readonly request: { readonly inputs: readonly Tensor[] }
  readonly label: TensorData | TensorValue
  /** The version that answered it. */
  readonly version: string
  /** When the request arrived, in seconds of the run. */
  readonly atSeconds: number
}

/**
 * The line for a request whose body is at hand as JSON text, which is not parsed: a line break in
 * JSON text can only stand between its tokens.
 */
export function labelledLine(
  bodyText: string,
  { label, version, atSeconds }: Omit<LabelledRequest, 'request'>,
): string {
  const request = bodyText.replaceAll(/[\r\n]+/g, ' ')
  const facts = JSON.stringify({ label, version, atSeconds })
  return `${facts.slice(0, -1)},"request":${request}}\n`
}
