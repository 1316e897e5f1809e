import { must } from '../base/assert.ts'
import { quoted, TraceError, type TraceErrorCode, type TracePosition } from './trace-error.ts'

/** What every reader takes. `series` names one series of a file that holds several. */
export type TraceText = {
  readonly text: string
  readonly sourceName: string
  readonly series: string | null
}

/** One line of a comma-separated file, its cells trimmed of spaces. `line` counts from 1. */
export type Row = {
  readonly file: string
  readonly line: number
  readonly cells: readonly string[]
  readonly raw: string
  readonly isLast: boolean
}

/**
 * The file's lines without byte-order mark and line ends (LF or CRLF); a final line end is
 * optional. Throws `trace-empty` for a file without a line.
 */
export function linesOf({ text, sourceName }: TraceText, accepted: string): readonly string[] {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  const lines = body.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
  while (lines.length > 0 && must(lines.at(-1)).trim() === '') lines.pop()
  if (lines.length === 0) {
    const start = { file: sourceName, line: 1, column: 1 }
    throw new TraceError('trace-empty', start, 'an empty file', accepted)
  }
  return lines
}

/** All rows of a comma-separated file, the header included. Quoted cells are not known here. */
export function rowsOf(input: TraceText, accepted: string): readonly Row[] {
  const lines = linesOf(input, accepted)
  return lines.map((raw, index) => ({
    file: input.sourceName,
    line: index + 1,
    cells: raw.split(',').map((cell) => cell.trim()),
    raw,
    isLast: index === lines.length - 1,
  }))
}

/** The rows under a header that must be one of `headers`, with the number of the one it is. */
export function rowsUnder(
  input: TraceText,
  headers: readonly string[],
): { readonly header: number; readonly rows: readonly Row[] } {
  const accepted = `a header line ${headers.map((header) => `"${header}"`).join(' or ')}`
  const [first, ...rows] = rowsOf(input, accepted)
  const top = must(first)
  const header = headers.indexOf(top.cells.join(','))
  if (header < 0) throw refusal(top, 0, 'trace-header', quoted(top.raw), accepted)
  const columnCount = must(headers[header]).split(',').length
  for (const row of rows) checkWidth(row, columnCount)
  return { header, rows: checkSome(input.sourceName, rows) }
}

/** Throws `trace-empty` for a file that has a header and nothing else. */
export function checkSome(file: string, rows: readonly Row[]): readonly Row[] {
  if (rows.length > 0) return rows
  const at = { file, line: 2, column: 1 }
  throw new TraceError('trace-empty', at, 'a header and no rows', 'at least one row')
}

/**
 * Throws unless the row has exactly that many cells; too few in the last row is a truncated file.
 */
export function checkWidth(row: Row, columnCount: number): void {
  const found = row.cells.length
  if (found === columnCount) return
  const isCut = row.isLast && found < columnCount
  const code = isCut ? 'trace-truncated' : 'trace-columns'
  const cells = found === 1 ? '1 cell' : `${found} cells`
  throw refusal(row, Math.min(found, columnCount) - 1, code, cells, `${columnCount} cells`)
}

/** A finite number >= 0 in that cell; anything else throws. */
export function numberAt(row: Row, index: number, what: string): number {
  return parseNumber(must(row.cells[index]), what, positionOf(row, index))
}

const decimalNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** Whether the text is a decimal number, of whatever sign and size. */
export function isNumber(text: string): boolean {
  return decimalNumber.test(text)
}

/** Beyond this, sums would no longer be exact: nothing recorded is so large. */
const valueMax = 1e15

/** `text` as a number in 0..1e15; throws `trace-value` or `trace-negative` at that position. */
export function parseNumber(text: string, what: string, at: TracePosition): number {
  const accepted = `${what}, a number >= 0`
  const value = isNumber(text) ? Number(text) : Number.NaN
  if (!(value <= valueMax)) throw new TraceError('trace-value', at, quoted(text), accepted)
  if (value < 0) throw new TraceError('trace-negative', at, text, accepted)
  return value + 0
}

/** An error that points at one cell of a row. */
export function refusal(
  row: Row,
  index: number,
  code: TraceErrorCode,
  ...[found, accepted]: readonly [found: string, accepted: string]
): TraceError {
  return new TraceError(code, positionOf(row, index), found, accepted)
}

/** Where a cell begins. */
export function positionOf(row: Row, index: number): TracePosition {
  const before = row.raw.split(',').slice(0, Math.max(0, index))
  const column = before.reduce((sum, cell) => sum + cell.length + 1, 1)
  return { file: row.file, line: row.line, column }
}
