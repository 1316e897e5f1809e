import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FileUnreadable, type ReadFile, shippedPrefix } from '../config/read-document.ts'
import { resolveSite } from '../config/resolve-site.ts'
import type { Site } from '../core/site.ts'
import { packagedPath } from './packaged-files.ts'
import { UsageError } from './usage-error.ts'

/** A site file as it was read: plain text, so that it can be sent to a worker thread. */
export type SiteSource = { readonly text: string; readonly sourceName: string }

const stdinName = 'stdin'

/** Reads the site file, stdin for `-`, or the example site that comes with the package. */
export function readSiteSource(path: string | undefined): SiteSource {
  if (path === '-') return { text: readFileSync(0, 'utf8'), sourceName: stdinName }
  const sourceName = path ?? packagedPath('data/sites/default.yaml')
  try {
    return { text: readText(sourceName), sourceName }
  } catch (error) {
    if (error instanceof FileUnreadable) throw new UsageError(error.message)
    throw error
  }
}

/**
 * Files that a site names lie relative to it; those that ship lie in the package's data folder.
 * `onRead` is told of each of them, by the path that names it.
 */
export function loadSite(
  { text, sourceName }: SiteSource,
  onRead: (path: string, text: string) => void = () => {},
): Site {
  const folder = sourceName === stdinName ? process.cwd() : dirname(resolve(sourceName))
  const readFile: ReadFile = (path) => {
    const found = path.startsWith(shippedPrefix)
      ? readText(packagedPath(`data/${path.slice(shippedPrefix.length)}`))
      : readText(resolve(folder, path))
    onRead(path, found)
    return found
  }
  return resolveSite({ text, sourceName, readFile })
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path)
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = error instanceof TypeError ? 'it is not UTF-8 text' : reasons[code]
    throw new FileUnreadable(path, reason ?? code)
  }
}
