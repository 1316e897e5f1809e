import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { canonicalJson } from '../../core/plan/state-hash.ts'
import { loadSite } from '../load-site.ts'
import type { Scenario } from './scenarios.ts'

/** What a run's figures come from; the rest only carries, prints or keeps them. */
const folders = [
  ...['arrivals', 'base', 'config', 'control', 'core', 'dataplane', 'forecast', 'learning'],
  ...['outlook', 'planner', 'policies', 'simulator'],
]

/** What makes rows of runs; how rows are summed up is not in it. */
const files = [
  ...['cli/suite/peak-load', 'cli/suite/run-suite-task', 'observe/goodput'],
  ...['observe/suite/run-row', 'observe/suite/suite-row'],
]

/** Of the program's code that figures depend on. */
export function hashOfCode(): string {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const hash = createHash('sha256')
  for (const folder of folders) {
    const files = readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    const code = files.filter((file) => /(?<!\.d|\.test)\.(js|ts)$/.test(file)).sort()
    for (const file of code) {
      hash.update(`${folder}/${file}\n`)
      hash.update(readFileSync(`${root}${folder}/${file}`))
    }
  }
  // Built or not: the extension is that of this file.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  for (const file of files) hash.update(readFileSync(`${root}${file}.${extension}`))
  return shortened(hash.digest('hex'))
}

/** Of a scenario's text and that of every file it names: profiles, accuracy tables, traces. */
export function hashOfScenario({ source }: Scenario): string {
  const hash = createHash('sha256').update(unixLines(source.text))
  loadSite(source, (path, text) => hash.update(`\n${path}\n`).update(unixLines(text)))
  return shortened(hash.digest('hex'))
}

export function hashOfFile(path: string): string {
  return shortened(createHash('sha256').update(readFileSync(path)).digest('hex'))
}

/** Of a value as canonical JSON. */
export function hashOfValue(value: unknown): string {
  return shortened(createHash('sha256').update(canonicalJson(value)).digest('hex'))
}

/** Line ends are the checkout's business. */
function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n')
}

/** 96 bits tell any number of runs apart. */
function shortened(digest: string): string {
  return digest.slice(0, 24)
}
