/** What is wrong with a file that a person wrote; docs and tests list these. */
export type ConfigErrorCode =
  | 'syntax'
  | 'unknown-key'
  | 'missing-key'
  | 'wrong-type'
  | 'out-of-range'
  | 'unknown-name'
  | 'duplicate-name'
  | 'contradiction'
  | 'no-figures'
  | 'memory-too-small'
  | 'illegal-layout'
  | 'file-unreadable'
  | 'trace'

/** What was found at a place of a document, and what would have been accepted there. */
export type Complaint = {
  readonly code: ConfigErrorCode
  readonly found: string
  readonly accepted: string
}

/** Where: `path` as one would write it (`tenants[0].slo`, empty for the whole); lines from 1. */
export type DocumentPlace = {
  readonly file: string
  readonly path: string
  readonly line: number | null
  readonly column: number | null
}

/**
 * A site file, or a file it names, that cannot be used: the world's fault, not ours. The command
 * line ends with exit code 64 and prints `message`, which says file, line and path, what was found
 * and what would be accepted.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code: ConfigErrorCode
  readonly place: DocumentPlace
  readonly found: string
  readonly accepted: string

  constructor(place: DocumentPlace, complaint: Complaint) {
    const { code, found, accepted } = complaint
    super(`Cannot use ${placeText(place)}: found ${found}, accepted: ${accepted} (${code})`)
    this.code = code
    this.place = place
    this.found = found
    this.accepted = accepted
  }
}

/**
 * A tenant whose SLO no GPU instance of the site can meet, though its model would fit and its
 * figures are known. Not bad input: the command line ends with exit code 3.
 */
export class InfeasibleSloError extends Error {
  override readonly name = 'InfeasibleSloError'
  readonly code = 'slo-infeasible'
  readonly tenant: string
  readonly sloSeconds: number
  /**
   * The tightest SLO that some instance of the site meets, rounded up to a tenth of a millisecond.
   */
  readonly feasibleSloSeconds: number
  readonly place: DocumentPlace

  constructor(place: DocumentPlace, tenant: string, slo: { asked: number; feasible: number }) {
    const feasible = Math.ceil(slo.feasible * 1e4 - 1e-6) / 1e4
    super(
      `Cannot meet the SLO of tenant ${tenant} at ${placeText(place)}: no GPU instance of the ` +
        `site answers within ${milliseconds(slo.asked)}; the nearest feasible SLO is ` +
        `${milliseconds(feasible)} (slo-infeasible)`,
    )
    this.tenant = tenant
    this.sloSeconds = slo.asked
    this.feasibleSloSeconds = feasible
    this.place = place
  }
}

function placeText({ file, path, line, column }: DocumentPlace): string {
  const position = line === null ? file : `${file}:${line}:${column}`
  return path === '' ? position : `${path} (${position})`
}

function milliseconds(seconds: number): string {
  return `${Number((seconds * 1000).toFixed(1))}ms`
}
