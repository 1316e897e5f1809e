import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { decideRestart } from './restarts.ts'
import type { WorkerExit, WorkerFailure } from './worker-events.ts'
import type { RunEnd } from './worker-run.ts'
import type { WorkerSpec } from './worker-spec.ts'

/** What the end of a process means for its worker. */
export type Verdict =
  | { readonly kind: 'done'; readonly version: string; readonly versionDir: string }
  | { readonly kind: 'checkpointed' }
  | { readonly kind: 'stopped'; readonly wasKilled: boolean }
  | { readonly kind: 'failed'; readonly failure: WorkerFailure; readonly message: string }
  | { readonly kind: 'crash-looping'; readonly ends: number; readonly windowSeconds: number }
  | { readonly kind: 'restart'; readonly failure: WorkerFailure; readonly inSeconds: number }

export type JudgedEnd = {
  readonly spec: WorkerSpec
  readonly end: RunEnd
  readonly wasAsked: boolean
  /** Whether it may be started again: not when it died while nobody looked. */
  readonly mayRestart: boolean
  /** Times of its unexpected ends, this one included. */
  readonly endsAtSeconds: readonly number[]
  readonly nowSeconds: number
}

export async function judgeEnd(judged: JudgedEnd): Promise<Verdict> {
  const { spec, end, wasAsked } = judged
  if (spec.kind === 'retraining' && end.doneVersion !== null) {
    const versionDir = join(spec.outputDir, end.doneVersion)
    if (await isDirectory(versionDir)) {
      return { kind: 'done', version: end.doneVersion, versionDir }
    }
    const message = `It said it wrote ${end.doneVersion}, and there is no ${versionDir}`
    return wasAsked ? stopped(end) : afterFailure(judged, { failure: 'no-version', message })
  }
  if (wasAsked) return (await hasCheckpointed(judged)) ? { kind: 'checkpointed' } : stopped(end)
  return afterFailure(judged, end.trouble ?? reasonOf(judged))
}

function stopped({ wasKilled }: RunEnd): Verdict {
  return { kind: 'stopped', wasKilled }
}

function afterFailure(
  { spec, mayRestart, endsAtSeconds, nowSeconds }: JudgedEnd,
  { failure, message }: { readonly failure: WorkerFailure; readonly message: string },
): Verdict {
  if (spec.restart === null || !mayRestart) return { kind: 'failed', failure, message }
  const decision = decideRestart(spec.restart, endsAtSeconds, nowSeconds)
  if (decision.kind === 'restart') return { ...decision, failure }
  const { windowSeconds } = spec.restart
  return { kind: 'crash-looping', ends: decision.ends, windowSeconds }
}

function reasonOf({ spec, end: { exit } }: JudgedEnd): {
  readonly failure: WorkerFailure
  readonly message: string
} {
  if (spec.kind === 'retraining' && exit.kind === 'code' && exit.code === 0) {
    return { failure: 'no-version', message: 'It ended without a word that it was done' }
  }
  return { failure: 'ended-unexpectedly', message: `It ended ${wordsOf(exit)}` }
}

/** A trainer that ended well after SIGTERM; of an adopted one the code is unknown. */
async function hasCheckpointed({ spec, end }: JudgedEnd): Promise<boolean> {
  if (spec.kind !== 'retraining' || end.wasKilled || end.trouble !== null) return false
  if (end.exit.kind === 'code' && end.exit.code !== 0) return false
  if (end.exit.kind === 'signal') return false
  const files = await readdir(spec.checkpointDir).catch(() => [])
  return files.length > 0
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  return found?.isDirectory() === true
}

function wordsOf(exit: WorkerExit): string {
  switch (exit.kind) {
    case 'code':
      return `with code ${exit.code}`
    case 'signal':
      return `by ${exit.signal}`
    case 'unknown':
      return 'while another was its parent'
  }
}
