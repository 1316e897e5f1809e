import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { ProcessIdentity } from './worker-spec.ts'

/** What /proc/<pid>/stat tells of a process that is not yet only a zombie. */
export type ProcessStat = {
  readonly pid: number
  readonly group: number
  readonly startTicks: string
}

/** Set by us in the environment of every worker; its children inherit it. */
export const launchVariable = 'MIGRATOR_LAUNCH'

let knownBootId: string | null = null

/** Names this boot: start times are counted from it. */
export function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return knownBootId
}

/** The process with that pid, or null: there is none, or only its remains. */
export function processStat(pid: number): ProcessStat | null {
  const text = procText(pid, 'stat')
  return text === null ? null : parseStat(text)
}

/**
 * A file of a process, or null: there is no such process. Read at once, because that takes 15
 * microseconds where going through a thread takes 100, and nothing here waits for a disk.
 */
function procText(pid: number, name: 'stat' | 'status' | 'environ'): string | null {
  try {
    return readWhole(`/proc/${pid}/${name}`)
  } catch (error) {
    // Any other failure (no descriptor left, say) tells nothing, least of all that it is dead.
    if (goneCodes.includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

const goneCodes = ['ENOENT', 'ESRCH']

/**
 * Into one buffer: files of /proc do not tell their size, so readFileSync takes a fresh 64 KiB for
 * each, and a look at all processes leaves many megabytes to the garbage collector.
 */
let buffer = Buffer.alloc(64 << 10)

function readWhole(path: string): string {
  const file = openSync(path, 'r')
  try {
    for (let length = 0; ; ) {
      if (length === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length)
      const read = readSync(file, buffer, length, buffer.length - length, null)
      if (read === 0) return buffer.toString('latin1', 0, length)
      length += read
    }
  } finally {
    closeSync(file)
  }
}

/** The identity of a child right after its start, alive or not. */
export function identityOfChild(pid: number): ProcessIdentity | null {
  try {
    const fields = fieldsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return { pid, startTicks: fields[startField] ?? '', bootId: bootId() }
  } catch {
    return null
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== bootId()) return false
  return processStat(identity.pid)?.startTicks === identity.startTicks
}

/** Processes looked at before others get their turn: a millisecond or two. */
const lookedAtOnce = 100

export async function allProcesses(): Promise<readonly ProcessStat[]> {
  const names = await readdir('/proc')
  const found: ProcessStat[] = []
  for (const [i, name] of names.filter((each) => /^\d+$/.test(each)).entries()) {
    if (i % lookedAtOnce === lookedAtOnce - 1) await new Promise(setImmediate)
    const stat = processStat(Number(name))
    if (stat !== null) found.push(stat)
  }
  return found
}

const recentMs = 500
let recent: { readonly atMs: number; readonly found: ReturnType<typeof allProcesses> } | null = null

/** The same, up to half a second old: one look at /proc for all who watch their memory. */
export function recentProcesses(): Promise<readonly ProcessStat[]> {
  const nowMs = performance.now()
  if (recent === null || nowMs - recent.atMs > recentMs) {
    recent = { atMs: nowMs, found: allProcesses() }
  }
  return recent.found
}

/** The launch that a process descends from, where its environment may be read and says so. */
export function launchOf(pid: number): string | null {
  const entry = environmentOf(pid)
    .split('\0')
    .find((each) => each.startsWith(`${launchVariable}=`))
  return entry === undefined ? null : entry.slice(launchVariable.length + 1)
}

function environmentOf(pid: number): string {
  try {
    return procText(pid, 'environ') ?? ''
  } catch (error) {
    // Another user's.
    if (deniedCodes.includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

const deniedCodes = ['EACCES', 'EPERM']

/** Resident memory of the processes together; pages that they share count for each. */
export function residentMiB(pids: readonly number[]): number {
  const sizes = pids.map((pid) => {
    const text = procText(pid, 'status') ?? ''
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Positions after the name, which is in brackets and may hold anything (proc(5)). */
const stateField = 0
const groupField = 2
const startField = 19

function fieldsOf(text: string): readonly string[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

export function parseStat(text: string): ProcessStat | null {
  const fields = fieldsOf(text)
  if (/^[ZXx]/.test(fields[stateField] ?? 'X')) return null
  const pid = Number.parseInt(text, 10)
  return { pid, group: Number(fields[groupField]), startTicks: fields[startField] ?? '' }
}
