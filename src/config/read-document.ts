import type { z } from 'zod'
import type { ConfigError } from './config-error.ts'
import { jsonSource, parseSource, type SourceDocument } from './document.ts'
import { complaintOf } from './issue.ts'

/**
 * Reads one file that a site names: the text at `path` (relative to the site file, or behind
 * `shippedPrefix`). It throws FileUnreadable, and nothing else, when there is no such text.
 */
export type ReadFile = (path: string) => string

/** What ReadFile throws: the file is not there, is no text, or may not be read. */
export class FileUnreadable extends Error {
  override readonly name = 'FileUnreadable'
  readonly code = 'file-unreadable'
  readonly path: string
  readonly reason: string

  constructor(path: string, reason: string) {
    super(`Cannot read ${path}: ${reason} (file-unreadable)`)
    this.path = path
    this.reason = reason
  }
}

/** Paths that begin so name files which come with this program, below its folder `data`. */
export const shippedPrefix = 'migrator:'

export type Checked<T> = { readonly value: T; readonly source: SourceDocument }

/**
 * The text as the schema's value; throws ConfigError for text that is not. What comes with the
 * program is JSON and right, so positions are looked up only if it is not, at a tenth of the cost.
 */
export function readDocument<Schema extends z.ZodType>(
  text: string,
  file: string,
  schema: Schema,
): Checked<z.output<Schema>> {
  const source = file.startsWith(shippedPrefix) ? jsonSource(text, file) : parseSource(text, file)
  return { value: checkAgainst(source, schema), source }
}

export function checkAgainst<Schema extends z.ZodType>(
  source: SourceDocument,
  schema: Schema,
): z.output<Schema> {
  const result = schema.safeParse(source.value)
  if (result.success) return result.data
  const { path, complaint } = complaintOf(result.error.issues, source.value)
  throw source.error(path, complaint)
}

/** The text of a file that `source` names at `path`; what cannot be read is that line's fault. */
export function readNamed(
  readFile: ReadFile,
  named: string,
  blame: (found: string) => ConfigError,
): string {
  try {
    return readFile(named)
  } catch (error) {
    if (error instanceof FileUnreadable) throw blame(`${JSON.stringify(named)}, ${error.reason}`)
    throw error
  }
}
