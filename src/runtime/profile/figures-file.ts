import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { Document, isScalar, visit } from 'yaml'
import { readDocument } from '../../config/read-document.ts'
import { profileFileSchema } from '../../config/schema/profile-schema.ts'
import { figuresDocument, hasRates } from './figures-document.ts'
import {
  type Conditions,
  type KeptTable,
  type MeasuredProfile,
  readMeasuredTable,
  type TableKey,
  unmeasured,
} from './measured-table.ts'
import { ProfileError } from './profile-error.ts'

/** Which figures: of one table, under these conditions, on that profile. */
export type FiguresOf = {
  readonly key: TableKey
  readonly conditions: Conditions
  readonly profile: string
}

/** A file of figures that grows figure by figure and is whole at every moment. */
export type FiguresFile = {
  /** What is there; nothing where it was measured under other conditions. */
  readonly find: (figures: FiguresOf) => MeasuredProfile
  /** Keeps it, on disk when it comes back; starts go there with the first rate. */
  readonly keep: (figures: FiguresOf, measured: MeasuredProfile) => void
  /** Of other conditions: they make way for the first figure that is kept. */
  readonly outdated: (figures: Omit<FiguresOf, 'profile'>) => Conditions | null
  readonly tables: () => readonly KeptTable[]
}

/** Opens or begins it. Throws ConfigError, or ProfileError for a file that a person wrote. */
export function openFiguresFile(path: string): FiguresFile {
  checkPlace(path)
  let tables = existsSync(path) ? readTables(path) : []
  let hasCopy = false
  let wantsCopy = false
  const tableOf = (key: TableKey): KeptTable | undefined =>
    tables.find((own) => keyText(own) === keyText(key))
  const isOf = (table: KeptTable | undefined, { conditions }: Conditions): boolean =>
    table?.measured.conditions === conditions
  return {
    tables: () => tables,
    find: ({ key, conditions, profile }) => {
      const table = tableOf(key)
      if (table === undefined || !isOf(table, conditions)) return unmeasured
      return table.measured.profiles[profile] ?? unmeasured
    },
    outdated: ({ key, conditions }) => {
      const table = tableOf(key)
      return table === undefined || isOf(table, conditions) ? null : table.measured
    },
    keep: ({ key, conditions, profile }, measured) => {
      const table = tableOf(key)
      const isCurrent = isOf(table, conditions)
      if (table !== undefined && !isCurrent) wantsCopy ||= !hasCopy
      const others = isCurrent ? table?.measured.profiles : {}
      const profiles = { ...others, [profile]: measured }
      const next: KeptTable = { ...key, measured: { ...conditions, profiles } }
      tables =
        table === undefined ? [...tables, next] : tables.map((own) => (own === table ? next : own))
      // A start alone is no table yet, and not worth what was there before.
      if (!hasRates(next)) return
      if (wantsCopy) copyFileSync(path, `${path}.old`)
      hasCopy ||= wantsCopy
      wantsCopy = false
      write(path, tables)
    },
  }
}

/** Before anything is measured that could then not be kept. */
function checkPlace(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK)
  } catch {
    const why = `the folder ${dirname(path)} is not there, or may not be written to`
    throw new ProfileError('unusable', `Cannot write ${path}: ${why}`)
  }
}

function keyText({ kind, model, gpu }: TableKey): string {
  return JSON.stringify([kind, model, gpu])
}

function readTables(path: string): readonly KeptTable[] {
  const { value } = readDocument(readFileSync(path, 'utf8'), path, profileFileSchema)
  const tables = value.tables.map((table): KeptTable | null => {
    const measured = readMeasuredTable(table.measured)
    const batch = table.kind === 'training' ? (table.batches[0] ?? null) : null
    const { kind, model, gpu } = table
    return measured === null ? null : { kind, model, gpu, batch, measured }
  })
  if (value.derived !== undefined || tables.some((table) => table === null)) {
    const why = 'it holds figures that migrator profile did not write; name another file'
    throw new ProfileError('unusable', `Cannot add to ${path}: ${why}`)
  }
  return tables.filter((table) => table !== null)
}

/** Whole or not at all: who reads it meanwhile sees the one before. */
function write(path: string, tables: readonly KeptTable[]): void {
  const value = figuresDocument(tables)
  const draft = `${path}.${process.pid}.part`
  writeFileSync(draft, path.endsWith('.json') ? `${JSON.stringify(value, null, 1)}\n` : yaml(value))
  renameSync(draft, path)
}

const header =
  ' Written by migrator profile, which adds to it and keeps what it has. A site file names it:\n' +
  '   profiles: [./this-file.yaml]'

/** Lists of numbers and mappings of them stand on one line each. */
function yaml(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  document.commentBefore = header
  visit(document, {
    Seq: (_, node) => {
      if (node.items.every((item) => isScalar(item))) node.flow = true
    },
    Map: (_, node) => {
      const values = node.items.map((pair) => pair.value)
      const isShort = values.every((own) => isScalar(own) && typeof own.value === 'number')
      if (isShort) node.flow = true
    },
  })
  return document.toString({ lineWidth: 100 })
}
