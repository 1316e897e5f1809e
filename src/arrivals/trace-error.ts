export type TraceErrorCode =
  | 'trace-empty'
  | 'trace-header'
  | 'trace-columns'
  | 'trace-value'
  | 'trace-negative'
  | 'trace-unsorted'
  | 'trace-gap'
  | 'trace-truncated'
  | 'trace-series'
  | 'trace-too-short'

/** Where in which file, both from 1; the column counts characters. */
export type TracePosition = {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A trace that cannot be used, and what would be: the only error that the readers throw. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  readonly code: TraceErrorCode
  readonly file: string
  readonly line: number
  readonly column: number
  readonly found: string
  readonly accepted: string

  constructor(code: TraceErrorCode, at: TracePosition, found: string, accepted: string) {
    super(
      `Cannot read trace ${at.file}, line ${at.line}, column ${at.column}: ` +
        `found ${found}, accepted: ${accepted} (${code})`,
    )
    this.code = code
    this.file = at.file
    this.line = at.line
    this.column = at.column
    this.found = found
    this.accepted = accepted
  }
}

const shownCharactersMax = 60

/** Text of the file as a message may show it: quoted, control characters escaped, not too long. */
export function quoted(text: string): string {
  if (text === '') return 'nothing'
  const isLong = text.length > shownCharactersMax
  return JSON.stringify(isLong ? `${text.slice(0, shownCharactersMax)}…` : text)
}
