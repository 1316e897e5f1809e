import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { FileUnreadable, type ReadFile, shippedPrefix } from '../src/config/read-document.ts'

const dataFolder = resolve(import.meta.dirname, '../data')

/** Reads as the command line does: what comes with the program, and paths beside a site file. */
export function readFrom(siteFile: string): ReadFile {
  return (path) => {
    const isShipped = path.startsWith(shippedPrefix)
    const below = isShipped ? dataFolder : dirname(siteFile)
    const file = resolve(below, isShipped ? path.slice(shippedPrefix.length) : path)
    if (!existsSync(file)) throw new FileUnreadable(path, 'which does not exist')
    return readFileSync(file, 'utf8')
  }
}

/** Reads only what comes with the program. */
export const readShipped: ReadFile = readFrom(resolve(dataFolder, 'sites/default.yaml'))

/** The text of one of the files below `data/`. */
export function dataText(path: string): string {
  return readFileSync(resolve(dataFolder, path), 'utf8')
}
