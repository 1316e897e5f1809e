import { must } from '../../base/assert.ts'
import { findGpuModel, gpuModels } from '../../core/mig/catalog.ts'
import type { GpuModel } from '../../core/mig/gpu-model.ts'
import type { Provenance } from '../../core/workload/serving.ts'
import type { DocumentPath, SourceDocument } from '../document.ts'
import { type ReadFile, readDocument, shippedPrefix } from '../read-document.ts'
import {
  type Derivation,
  type ProfileFile,
  type ProfileTable,
  profileFileSchema,
} from '../schema/profile-schema.ts'
import { oneOf } from '../suggest.ts'
import { deriveRows } from './derive.ts'
import { memoryFactsOf } from './memory-facts.ts'
import {
  emptyLibrary,
  type ProfileLibrary,
  type ProfileRow,
  type RatePoint,
  type WorkerStart,
  withMemory,
  withRows,
} from './profile-library.ts'

/** The files of figures that come with this program, below `data/profiles`. */
export const shippedProfileFiles = ['parvagpu.json', 'migperf.json', 'miso.json'] as const

type ProfileText = { readonly text: string; readonly file: string }
type Context = Pick<ProfileRow, 'provenance' | 'source'>
type CheckedFile = { readonly value: ProfileFile; readonly provenance: Provenance }

/**
 * The library of a site: a person's own figures replace shipped ones, measured ones come before
 * derived ones, and a person's own rules may build on shipped figures. Throws ConfigError for a
 * file that cannot be used.
 */
export function readProfiles(readFile: ReadFile, own: readonly ProfileText[]): ProfileLibrary {
  const shipped = shippedProfileFiles.map((name): ProfileText => {
    const file = `${shippedPrefix}profiles/${name}`
    return { text: readFile(file), file }
  })
  const files: readonly CheckedFile[] = [
    ...own.map((file) => checkedFile(file, 'own')),
    ...shipped.map((file) => checkedFile(file, 'measured')),
  ]
  let library = emptyLibrary
  for (const { value, provenance } of files) {
    const context = { provenance, source: value.source }
    const rows = value.tables.flatMap((table) => rowsOf(table, context))
    library = withRows(library, rows, startsOf(value.tables))
    for (const table of value.tables) {
      library = withMemory(library, table, memoryFactsOf(table, provenance === 'own'))
    }
  }
  for (const { value, provenance } of files) {
    for (const rule of value.derived ?? []) {
      const rows = deriveRows(library, rule)
      const owned = rows.map((row): ProfileRow => ({ ...row, provenance: 'own' }))
      library = withRows(library, provenance === 'own' ? owned : rows)
    }
  }
  return library
}

function checkedFile({ text, file }: ProfileText, provenance: Provenance): CheckedFile {
  const { value, source } = readDocument(text, file, profileFileSchema)
  checkTables(value.tables, source)
  for (const [i, rule] of (value.derived ?? []).entries()) checkRule(rule, source, ['derived', i])
  return { value, provenance }
}

function rowsOf(table: ProfileTable, context: Context): readonly ProfileRow[] {
  const { kind, model, gpu } = table
  return Object.entries(table.perSecond).flatMap(([profile, rates]) => {
    const points = rates.flatMap((perSecond, i): readonly RatePoint[] =>
      perSecond === null ? [] : [{ items: must(table.batches[i]), perSecond }],
    )
    return points.length === 0 ? [] : [{ kind, model, gpu, profile, ...context, points }]
  })
}

function startsOf(tables: readonly ProfileTable[]): readonly WorkerStart[] {
  return tables.flatMap(({ kind, model, startSeconds }) =>
    startSeconds === undefined ? [] : [{ kind, model, seconds: startSeconds }],
  )
}

function checkTables(tables: readonly ProfileTable[], source: SourceDocument): void {
  const seen = new Set<string>()
  for (const [i, table] of tables.entries()) {
    const path = ['tables', i] as const
    const gpu = checkGpu(table.gpu, source, [...path, 'gpu'])
    const key = JSON.stringify([table.kind, table.model, table.gpu])
    if (seen.has(key)) {
      const found = `a second table of ${table.kind} for ${table.model} on ${table.gpu}`
      const accepted = 'one table for each model and GPU'
      throw source.error([...path, 'model'], { code: 'duplicate-name', found, accepted })
    }
    seen.add(key)
    checkBatches(table, source, [...path, 'batches'])
    for (const key of ['perSecond', 'memoryMiB', 'together'] as const) {
      for (const [name, list] of Object.entries(table[key] ?? {})) {
        const place = [...path, key, name]
        checkProfile(gpu, name, source, place)
        if (list.length !== table.batches.length) {
          const found = `a list of ${list.length}`
          const accepted = `${table.batches.length}, one for each batch size`
          throw source.error(place, { code: 'contradiction', found, accepted })
        }
      }
    }
  }
}

function checkBatches(table: ProfileTable, source: SourceDocument, path: DocumentPath): void {
  const { batches } = table
  const wrong = batches.findIndex((batch, i) => i > 0 && batch <= must(batches[i - 1]))
  if (wrong < 0) return
  const found = `${batches[wrong]} after ${batches[wrong - 1]}`
  throw source.error([...path, wrong], {
    code: 'contradiction',
    found,
    accepted: 'ascending sizes',
  })
}

function checkRule(rule: Derivation, source: SourceDocument, path: DocumentPath): void {
  const gpu = checkGpu(rule.gpu, source, [...path, 'gpu'])
  if (rule.rule === 'same-slices') {
    checkGpu(rule.basedOn, source, [...path, 'basedOn'])
    return
  }
  for (const key of ['profile', 'below', 'above'] as const) {
    checkProfile(gpu, rule[key], source, [...path, key])
  }
}

function checkGpu(id: string, source: SourceDocument, path: DocumentPath): GpuModel {
  const model = findGpuModel(id)
  if (model !== undefined) return model
  const accepted = oneOf(
    gpuModels.map((known) => known.id),
    id,
  )
  throw source.error(path, { code: 'unknown-name', found: JSON.stringify(id), accepted })
}

function checkProfile(
  gpu: GpuModel,
  name: string,
  source: SourceDocument,
  path: DocumentPath,
): void {
  const names = gpu.profiles.map((profile) => profile.name)
  if (names.includes(name)) return
  const accepted = oneOf(names, name)
  throw source.error(path, { code: 'unknown-name', found: JSON.stringify(name), accepted })
}
