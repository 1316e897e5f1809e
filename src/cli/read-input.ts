import { readFileSync } from 'node:fs'
import { UsageError } from './usage-error.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
}

/** The text of a file that the user named, of stdin for `-`. */
export function readInput(path: string): string {
  try {
    const bytes = readFileSync(path === '-' ? 0 : path)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = error instanceof TypeError ? 'it is not UTF-8 text' : (reasons[code] ?? code)
    throw new UsageError(`Cannot read ${path === '-' ? 'stdin' : path}: ${reason}`)
  }
}
