import type { Provenance } from '../../core/workload/serving.ts'

export type ProfileKind = 'inference' | 'training'

/** What is known of one batch size: items per second, or that it did not run (did not fit). */
export type RatePoint = {
  readonly items: number
  readonly perSecond: number | 'did-not-run'
}

/** What is known of one model (or training job) on one GPU instance profile of one GPU model. */
export type ProfileRow = {
  readonly kind: ProfileKind
  readonly model: string
  /** Id of a GPU model. */
  readonly gpu: string
  /** Name of a GPU instance profile. */
  readonly profile: string
  readonly provenance: Provenance
  readonly source: string
  /** Ascending by items; a batch size that is absent is unknown. */
  readonly points: readonly RatePoint[]
}

/** Seconds from an existing GPU instance to a worker that serves, or that makes its first step. */
export type WorkerStart = {
  readonly kind: ProfileKind
  readonly model: string
  readonly seconds: number
}

/** One observation that bounds what a worker takes at a batch size. */
export type MemoryFact = {
  /** Of the person whose file it is, who knows their own worker best. */
  readonly isOwn: boolean
  readonly gpu: string
  readonly profile: string
  readonly items: number
  readonly saw: 'used' | 'together'
  /** MiB used by one worker, or how many ran at once on one GPU instance (1: alone). */
  readonly amount: number
}

/**
 * All figures that a site may use. Nothing in it assumes that more slices are faster: some are not.
 */
export type ProfileLibrary = {
  readonly rows: ReadonlyMap<string, ProfileRow>
  readonly starts: ReadonlyMap<string, WorkerStart>
  /** By kind and model, on whatever GPU: memory is a matter of the model and the batch. */
  readonly memory: ReadonlyMap<string, readonly MemoryFact[]>
}

export const emptyLibrary: ProfileLibrary = {
  rows: new Map(),
  starts: new Map(),
  memory: new Map(),
}

/**
 * A library with more rows; those that it has already stay, so the first source to speak counts.
 */
export function withRows(
  library: ProfileLibrary,
  rows: readonly ProfileRow[],
  starts: readonly WorkerStart[] = [],
): ProfileLibrary {
  const allRows = new Map(library.rows)
  for (const row of rows) if (!allRows.has(rowKey(row))) allRows.set(rowKey(row), row)
  const allStarts = new Map(library.starts)
  for (const start of starts)
    if (!allStarts.has(modelKey(start))) allStarts.set(modelKey(start), start)
  return { ...library, rows: allRows, starts: allStarts }
}

/** A library with more observations of one model's (job's) memory. */
export function withMemory(
  library: ProfileLibrary,
  of: Pick<WorkerStart, 'kind' | 'model'>,
  facts: readonly MemoryFact[],
): ProfileLibrary {
  const memory = new Map(library.memory)
  memory.set(modelKey(of), [...memoryOf(library, of.kind, of.model), ...facts])
  return { ...library, memory }
}

/** What was observed of the memory of a model (job), on any GPU. */
export function memoryOf(
  library: ProfileLibrary,
  kind: ProfileKind,
  model: string,
): readonly MemoryFact[] {
  return library.memory.get(modelKey({ kind, model })) ?? []
}

/**
 * The row of a model on a profile, or null: unknown. A profile with media engines computes like the
 * one without (`1g.10gb+me`, `1g.10gb`), so its figures are taken from there, marked derived.
 */
export function findRow(
  library: ProfileLibrary,
  wanted: Pick<ProfileRow, 'kind' | 'model' | 'gpu' | 'profile'>,
): ProfileRow | null {
  const row = library.rows.get(rowKey(wanted))
  if (row !== undefined) return row
  const plain = wanted.profile.replace(/\+me$/, '')
  const other =
    plain === wanted.profile ? undefined : library.rows.get(rowKey({ ...wanted, profile: plain }))
  if (other === undefined) return null
  return { ...other, profile: wanted.profile, provenance: asDerived(other.provenance) }
}

export function findStart(
  library: ProfileLibrary,
  kind: ProfileKind,
  model: string,
): WorkerStart | null {
  return library.starts.get(modelKey({ kind, model })) ?? null
}

/** Names of the models (jobs) that the library knows on any GPU, sorted. */
export function modelsOf(library: ProfileLibrary, kind: ProfileKind): readonly string[] {
  const names = [...library.rows.values()].filter((row) => row.kind === kind)
  return [...new Set(names.map((row) => row.model))].sort()
}

/** GPU models on which figures of that model (job) are known, sorted. */
export function gpusOf(
  library: ProfileLibrary,
  kind: ProfileKind,
  model: string,
): readonly string[] {
  const rows = [...library.rows.values()].filter((row) => row.kind === kind && row.model === model)
  return [...new Set(rows.map((row) => row.gpu))].sort()
}

/** What the provenance of a figure becomes by a derivation: a person's own stays their own. */
export function asDerived(provenance: Provenance): Provenance {
  return provenance === 'own' ? 'own' : 'derived'
}

function rowKey({
  kind,
  model,
  gpu,
  profile,
}: Pick<ProfileRow, 'kind' | 'model' | 'gpu' | 'profile'>): string {
  return JSON.stringify([kind, model, gpu, profile])
}

/** Of a model (job) on whatever GPU. */
function modelKey({ kind, model }: Pick<WorkerStart, 'kind' | 'model'>): string {
  return JSON.stringify([kind, model])
}
