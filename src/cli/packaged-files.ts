import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The package's own folder: dist/cli/ lies two below it, and so does src/cli/. */
const packageRoot = new URL('../../', import.meta.url)

export function packagedPath(path: string): string {
  return fileURLToPath(new URL(path, packageRoot))
}

export function readPackagedFile(path: string): string {
  return readFileSync(packagedPath(path), 'utf8')
}

export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readPackagedFile('package.json'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown'
}
