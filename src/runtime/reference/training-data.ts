import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SampleSet } from '../../learning/stream.ts'
import type { TensorData } from '../open-inference/protocol.ts'
import { readInferRequest, readJson } from '../open-inference/read-message.ts'
import { flatValues } from '../open-inference/tensor-values.ts'

/** What a retraining learns from: these files, and of each only the bytes it had at its start. */
export type DataExtent = readonly { readonly name: string; readonly bytes: number }[]

export type TrainingData = {
  readonly samples: SampleSet
  readonly extent: DataExtent
  /** Lines that are no labelled examples of this model. */
  readonly skipped: number
}

type Rows = { readonly features: readonly number[]; readonly labels: readonly number[] }

export type WantedData = {
  /** Features of an input. */
  readonly dimensions: number
  readonly classes: number
  /** The newest this many labels are used. */
  readonly labelsMax: number
  /** Of an interrupted retraining: learn from the same. */
  readonly extent: DataExtent | null
}

/** Labelled requests (runtime/labelled-data) out of every `*.jsonl` there, oldest first. */
export async function readTrainingData(dir: string, wanted: WantedData): Promise<TrainingData> {
  const found: (Rows | null)[] = []
  const extent: { name: string; bytes: number }[] = []
  for (const name of await namesIn(dir, wanted.extent)) {
    const bytes = await readFile(join(dir, name))
    const until = wanted.extent?.find((each) => each.name === name)?.bytes ?? bytes.length
    extent.push({ name, bytes: Math.min(until, bytes.length) })
    const lines = bytes.subarray(0, until).toString('utf8').split('\n')
    for (const line of lines) if (line !== '') found.push(rowsOf(line, wanted))
  }
  const rows = found.filter((each) => each !== null)
  return {
    samples: newest(rows, wanted),
    extent,
    skipped: found.length - rows.length,
  }
}

async function namesIn(dir: string, extent: DataExtent | null): Promise<readonly string[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).sort()
  return extent === null ? names : names.filter((name) => extent.some((each) => each.name === name))
}

function rowsOf(line: string, wanted: WantedData): Rows | null {
  const json = readJson(line)
  if (json.kind === 'invalid' || typeof json.value !== 'object' || json.value === null) return null
  const { request, label } = json.value as { readonly request?: unknown; readonly label?: unknown }
  const read = readInferRequest(request)
  const labels = labelsOf(label, wanted.classes)
  const [input] = read.kind === 'valid' ? read.value.inputs : []
  if (labels === null || input === undefined) return null
  const features = flatValues(input.data)
  if (!features.every((value) => typeof value === 'number')) return null
  if (features.length !== labels.length * wanted.dimensions) return null
  return { features: features as readonly number[], labels }
}

/** One label, or one for each item, flat or nested. */
function labelsOf(label: unknown, classes: number): readonly number[] | null {
  const labels: readonly unknown[] = flatValues(
    (Array.isArray(label) ? label : [label]) as TensorData,
  )
  const isClass = (value: unknown) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < classes
  return labels.every(isClass) ? (labels as readonly number[]) : null
}

function newest(rows: readonly Rows[], { dimensions, labelsMax }: WantedData): SampleSet {
  const labels = rows.flatMap((each) => each.labels)
  const first = Math.max(0, labels.length - labelsMax)
  const features = rows.flatMap((each) => each.features)
  return {
    dimensions,
    count: labels.length - first,
    inputs: Float64Array.from(features.slice(first * dimensions)),
    labels: Uint8Array.from(labels.slice(first)),
  }
}
