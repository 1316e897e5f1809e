import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import type { ProcessIdentity } from './worker-spec.ts'

/** What /proc/<pid>/stat tells of a process that is not yet only a zombie. */
export type ProcessStat = {
  readonly pid: number
  readonly group: number
  readonly startTicks: string
}

/** Set by us in the environment of every worker; its children inherit it. */
export const launchVariable = 'MIGRATOR_LAUNCH'

/** Names this boot: start times are counted from it. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

/** The process with that pid, or null: there is none, or only its remains. */
export async function processStat(pid: number): Promise<ProcessStat | null> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    // Any other failure (no descriptor left, say) tells nothing, least of all that it is dead.
    if (goneCodes.includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

const goneCodes = ['ENOENT', 'ESRCH']

/** The identity of a child right after its start, alive or not. */
export function identityOfChild(pid: number): ProcessIdentity | null {
  try {
    const fields = fieldsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return { pid, startTicks: fields[startField] ?? '', bootId: bootId() }
  } catch {
    return null
  }
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.bootId !== bootId()) return false
  const stat = await processStat(identity.pid)
  return stat?.startTicks === identity.startTicks
}

export async function allProcesses(): Promise<readonly ProcessStat[]> {
  const names = await readdir('/proc')
  const stats = names.filter((name) => /^\d+$/.test(name)).map((name) => processStat(Number(name)))
  return (await Promise.all(stats)).filter((stat) => stat !== null)
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
export async function launchOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  const entry = text.split('\0').find((each) => each.startsWith(`${launchVariable}=`))
  return entry === undefined ? null : entry.slice(launchVariable.length + 1)
}

/** Resident memory of the processes together; pages that they share count for each. */
export async function residentMiB(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024
    }),
  )
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
