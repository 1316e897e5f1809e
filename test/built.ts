import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * A module as `npm run build` compiled it (`npm test` builds first). For what starts worker
 * threads, which load compiled code only.
 */
export async function built<T>(path: string): Promise<T> {
  const file = resolve(import.meta.dirname, '../dist', path)
  if (!existsSync(file)) throw new Error(`${file} is missing: run npm run build`)
  return (await import(pathToFileURL(file).href)) as T
}
