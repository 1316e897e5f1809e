import { expect } from 'vitest'
import { ConfigError } from '../src/config/config-error.ts'
import { resolveSite } from '../src/config/resolve-site.ts'
import { readLiteral } from './literal-site.ts'

/** A site file's text, and files that replace those it names. */
export type SiteCase = readonly [text: string, files?: Readonly<Record<string, string>>]

/** The ConfigError, complete, that ends the reading of it; anything else fails the test. */
export function refusalOf([text, files]: SiteCase): ConfigError {
  try {
    resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral(files) })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { code, found, accepted, place } = error
    expect([code, found, accepted, place.file].every((part) => part.length > 0)).toBe(true)
    expect(place.line).toBeGreaterThanOrEqual(1)
    expect(place.column).toBeGreaterThanOrEqual(1)
    return error
  }
  throw new Error('The site is accepted')
}
