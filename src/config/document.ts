import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseDocument,
} from 'yaml'
import { type Complaint, ConfigError, type DocumentPlace } from './config-error.ts'

export type DocumentPath = readonly (string | number)[]

/** A parsed YAML (or JSON) text that still knows where each value stands. */
export type SourceDocument = {
  readonly file: string
  /** Plain data: objects, arrays, strings, numbers, booleans, null. */
  readonly value: unknown
  readonly error: (path: DocumentPath, complaint: Complaint) => ConfigError
  readonly placeOf: (path: DocumentPath) => DocumentPlace
}

/** Aliases may not blow a small file up into a large one. */
const aliasCountMax = 100

/** Parses YAML 1.2, of which JSON is a part. Throws ConfigError ('syntax') with line and column. */
export function parseSource(text: string, file: string): SourceDocument {
  const lines = new LineCounter()
  const accepted = 'one YAML or JSON document with unique keys'
  const at = (offset: number, path = ''): DocumentPlace => {
    const { line, col } = lines.linePos(offset)
    return { file, path, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const refuse = (offset: number, found: string): ConfigError =>
    new ConfigError(at(offset), { code: 'syntax', found, accepted })
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
  })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) {
    const isMultiple = problem.code === 'MULTIPLE_DOCS'
    throw refuse(problem.pos[0], isMultiple ? 'a second document' : oneLine(problem.message))
  }
  const placeOf = (path: DocumentPath, isKey = false): DocumentPlace =>
    at(offsetOf(document, path, isKey), pathText(path))
  return {
    file,
    value: plainValue(document, (found) => refuse(0, found)),
    error: (path, complaint) =>
      new ConfigError(placeOf(path, complaint.code === 'unknown-key'), complaint),
    placeOf,
  }
}

/** The same for JSON that is expected to be right: positions cost a second parse, when needed. */
export function jsonSource(text: string, file: string): SourceDocument {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return parseSource(text, file)
  }
  return {
    file,
    value,
    error: (path, complaint) => parseSource(text, file).error(path, complaint),
    placeOf: (path) => parseSource(text, file).placeOf(path),
  }
}

/** The path as one would write it in code: `tenants[0].slo`. */
export function pathText(path: DocumentPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('')
    .slice(0, 200)
}

function plainValue(document: Document.Parsed, refuse: (found: string) => ConfigError): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasCountMax })
  } catch (error) {
    throw refuse(error instanceof Error ? oneLine(error.message) : 'an unreadable document')
  }
}

/**
 * Where the value at `path` begins, or its key; of a value that is not there, where its parent
 * does.
 */
function offsetOf(document: Document.Parsed, path: DocumentPath, isKey: boolean): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [i, part] of path.entries()) {
    const pair = isMap(node)
      ? node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part))
      : undefined
    const wantsKey = isKey && i === path.length - 1
    const child: unknown = isPair(pair)
      ? ((wantsKey ? null : pair.value) ?? pair.key)
      : memberOf(node, part)
    if (child === undefined) break
    node = child
    offset = startOf(child) ?? offset
  }
  return offset
}

function memberOf(node: unknown, part: string | number): unknown {
  const items = isNode(node) && 'items' in node ? (node as { items: unknown }).items : undefined
  return Array.isArray(items) && typeof part === 'number' ? items[part] : undefined
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as ParsedNode).range?.[0] : undefined
}

function oneLine(message: string): string {
  return message.replace(/\s+/g, ' ').trim().slice(0, 200)
}
