import { must } from '../base/assert.ts'
import type { AccuracyTable } from '../core/learning/accuracy-table.ts'
import type { ConfigError } from './config-error.ts'
import type { DocumentPath, SourceDocument } from './document.ts'
import { type ReadFile, readDocument, readNamed, shippedPrefix } from './read-document.ts'
import { type AccuracyFile, accuracyFileSchema } from './schema/accuracy-schema.ts'
import { isPath, shippedAccuracyTables } from './shipped.ts'
import { oneOf } from './suggest.ts'

/** The accuracy table that a tenant names: one that comes with the program, or a file's. */
export function resolveAccuracy(
  named: string,
  readFile: ReadFile,
  refuse: (
    code: 'unknown-name' | 'file-unreadable',
    found: string,
    accepted: string,
  ) => ConfigError,
): AccuracyTable {
  const names = shippedAccuracyTables as readonly string[]
  if (!isPath(named) && !names.includes(named)) {
    const accepted = `${oneOf(names, named)}, or the path of a file`
    throw refuse('unknown-name', JSON.stringify(named), accepted)
  }
  const file = isPath(named) ? named : `${shippedPrefix}accuracy/${named}.json`
  const text = readNamed(readFile, file, (found) =>
    refuse('file-unreadable', found, 'the path of a file with an accuracy table'),
  )
  const { value, source } = readDocument(text, file, accuracyFileSchema)
  checkShape(value, source)
  return value
}

function checkShape(table: AccuracyFile, source: SourceDocument): void {
  const { driftGrid, stalenessGrid, initialAccuracy, configurations } = table
  const check = (path: DocumentPath, found: number, wanted: number, what: string): void => {
    if (found === wanted) return
    const accepted = `${wanted} of them, one for each ${what}`
    throw source.error(path, { code: 'contradiction', found: `${found} entries`, accepted })
  }
  checkGrid(driftGrid, source, ['driftGrid'])
  checkGrid(stalenessGrid, source, ['stalenessGrid'])
  check(['initialAccuracy'], initialAccuracy.length, driftGrid.length, 'point of driftGrid')
  for (const [i, configuration] of configurations.entries()) {
    const path = ['configurations', i]
    const duplicate = configurations.findIndex(({ id }) => id === configuration.id)
    if (duplicate !== i) {
      const found = `a second configuration ${JSON.stringify(configuration.id)}`
      const accepted = 'configurations with different ids'
      throw source.error([...path, 'id'], { code: 'duplicate-name', found, accepted })
    }
    for (const key of ['accuracy', 'learningCurve'] as const) {
      const isCurve = key === 'learningCurve'
      const rows = configuration[key]
      check([...path, key], rows.length, stalenessGrid.length, 'point of stalenessGrid')
      const width = isCurve ? configuration.epochs + 1 : driftGrid.length
      const what = isCurve ? 'epoch and the start' : 'point of driftGrid'
      for (const [j, row] of rows.entries()) check([...path, key, j], row.length, width, what)
    }
  }
}

function checkGrid(grid: readonly number[], source: SourceDocument, path: DocumentPath): void {
  const accepted = 'ascending distances from 0'
  const wrong = grid.findIndex((x, i) => (i === 0 ? x !== 0 : x <= must(grid[i - 1])))
  if (wrong < 0) return
  const found = String(grid[wrong])
  throw source.error([...path, wrong], { code: 'contradiction', found, accepted })
}
