import type { z } from 'zod'
import type { Complaint, ConfigErrorCode } from './config-error.ts'
import type { DocumentPath } from './document.ts'

type Issue = z.core.$ZodIssue

export type PlacedComplaint = { readonly path: DocumentPath; readonly complaint: Complaint }

/**
 * The one complaint to make of a refused document: an unknown key before all else, because a slip
 * in a key is also the cause of the key that is then missing; otherwise the first.
 */
export function complaintOf(issues: readonly Issue[], document: unknown): PlacedComplaint {
  const flat = issues.flatMap((issue) => flatten(issue, []))
  const unknownKey = flat.find((issue) => issue.code === 'unrecognized_keys')
  const chosen = unknownKey ?? flat[0]
  if (chosen === undefined) {
    const complaint: Complaint = { code: 'wrong-type', found: 'an invalid value', accepted: '' }
    return { path: [], complaint }
  }
  return placed(chosen, document)
}

function placed(issue: Issue, document: unknown): PlacedComplaint {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  if (issue.code === 'unrecognized_keys') {
    const key = String(issue.keys[0])
    const complaint: Complaint = {
      code: 'unknown-key',
      found: `unknown key ${shown(key)}`,
      accepted: issue.message,
    }
    return { path: [...path, key], complaint }
  }
  const { isPresent, value } = valueAt(document, path)
  if (!isPresent) {
    const found = `no key ${shown(String(path.at(-1)))}`
    return { path, complaint: { code: 'missing-key', found, accepted: issue.message } }
  }
  const params = issue.code === 'custom' ? issue.params : undefined
  const found = typeof params?.['found'] === 'string' ? params['found'] : describe(value)
  const code = (params?.['code'] as ConfigErrorCode | undefined) ?? codeOf(issue)
  return { path, complaint: { code, found, accepted: issue.message } }
}

function codeOf(issue: Issue): ConfigErrorCode {
  switch (issue.code) {
    case 'too_big':
    case 'too_small':
    case 'invalid_format':
    case 'not_multiple_of':
      return 'out-of-range'
    case 'invalid_value':
      return 'unknown-name'
    default:
      return 'wrong-type'
  }
}

/** Issues of a union are those of the branch that the person most likely meant. */
function flatten(issue: Issue, prefix: DocumentPath): readonly Issue[] {
  const own = { ...issue, path: [...prefix, ...issue.path] } as Issue
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [own]
  const branches = [...issue.errors].sort((a, b) => distance(a) - distance(b))
  return (branches[0] ?? []).flatMap((inner) => flatten(inner, own.path as DocumentPath))
}

/** How far the value is from a branch: another kind of value altogether is further than a key. */
function distance(issues: readonly Issue[]): number {
  let sum = 0
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') sum += issue.keys.length
    else if (issue.path.length === 0) sum += 10
    else sum += 1
  }
  return sum
}

function valueAt(document: unknown, path: DocumentPath): { isPresent: boolean; value: unknown } {
  let value = document
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return { isPresent: false, value: undefined }
    if (!Object.hasOwn(value, part)) return { isPresent: false, value: undefined }
    value = (value as Record<string | number, unknown>)[part]
  }
  return { isPresent: value !== undefined, value }
}

/** A value as a message shows it: short, on one line. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'string') return shown(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a mapping'
  return String(value)
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
