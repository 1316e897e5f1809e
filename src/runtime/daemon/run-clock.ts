import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { hostSeconds } from '../router/host-clock.ts'

/** Seconds of the run: monotonic, and going on where a daemon before this one was. */
export type RunClock = {
  readonly now: () => number
  /** Of the run, from seconds of the host's monotonic clock. */
  readonly fromHost: (hostSeconds: number) => number
  /** Whether a daemon of this boot began the run. */
  readonly isContinued: boolean
}

type RunFile = { readonly bootId: string; readonly epochHostSeconds: number }

const bootIdPath = '/proc/sys/kernel/random/boot_id'

/**
 * The clock of the run that `path` speaks of, or of a new one: after a boot nothing of the run
 * before lives on, and the host's clock has begun anew.
 */
export function openRunClock(path: string): RunClock {
  const bootId = existsSync(bootIdPath) ? readFileSync(bootIdPath, 'utf8').trim() : 'unknown'
  const before = readRun(path)
  const isContinued = before !== null && before.bootId === bootId
  const run = isContinued ? before : { bootId, epochHostSeconds: hostSeconds() }
  if (!isContinued) writeRun(path, run)
  const { epochHostSeconds } = run
  return {
    now: () => hostSeconds() - epochHostSeconds,
    fromHost: (seconds) => seconds - epochHostSeconds,
    isContinued,
  }
}

function readRun(path: string): RunFile | null {
  try {
    const { bootId, epochHostSeconds } = JSON.parse(readFileSync(path, 'utf8'))
    return typeof bootId === 'string' && Number.isFinite(epochHostSeconds)
      ? { bootId, epochHostSeconds }
      : null
  } catch {
    return null
  }
}

function writeRun(path: string, run: RunFile): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, JSON.stringify(run))
  renameSync(`${path}.new`, path)
}
