import { pause } from './pause.ts'
import {
  allProcesses,
  isAlive,
  launchOf,
  type ProcessStat,
  recentProcesses,
  residentMiB,
} from './processes.ts'
import type { ProcessIdentity } from './worker-spec.ts'

/** What came of ending a family. */
export type FamilyEnd = {
  readonly wasKilled: boolean
  /** Pids that even SIGKILL did not end within the time. */
  readonly left: readonly number[]
}

/**
 * A worker's first process and everything that came of it: its process group while it leads one,
 * what inherited its launch variable, and what was ever seen in the group. A signal is sent to
 * nobody else: a group whose leader is dead may belong to a stranger who was given its number.
 */
export type ProcessFamily = {
  /** Living members, the first process included. */
  readonly members: () => Promise<readonly ProcessStat[]>
  /** Of those in the group. */
  readonly residentMiB: () => Promise<number>
  /**
   * SIGTERM to all, SIGKILL to those that are left after the grace; until none is left, or the
   * signal is given.
   */
  readonly end: (graceSeconds: number, signal: AbortSignal) => Promise<FamilyEnd>
}

const killSecondsMax = 5
const firstLookMs = 5
const lookMsMax = 100

export function processFamily(leader: ProcessIdentity, launch: string): ProcessFamily {
  /** Start times by pid. */
  const seen = new Map<number, string>([[leader.pid, leader.startTicks]])
  return { members, residentMiB: residentMiBOfGroup, end }

  async function members(): Promise<readonly ProcessStat[]> {
    const isNear = nearness()
    const processes = await allProcesses()
    return remembered(processes.filter((each) => isNear(each) || launchOf(each.pid) === launch))
  }

  /** Without a look into every environment: what left the group is found when the family ends. */
  async function residentMiBOfGroup(): Promise<number> {
    const isNear = nearness()
    return residentMiB(remembered((await recentProcesses()).filter(isNear)).map(pidOf))
  }

  function nearness(): (stat: ProcessStat) => boolean {
    const isLed = isAlive(leader)
    return ({ pid, group, startTicks }) =>
      (isLed && group === leader.pid) || seen.get(pid) === startTicks
  }

  function remembered(stats: readonly ProcessStat[]): readonly ProcessStat[] {
    seen.clear()
    for (const { pid, startTicks } of stats) seen.set(pid, startTicks)
    return stats
  }

  async function end(graceSeconds: number, givenUp: AbortSignal): Promise<FamilyEnd> {
    const alive = await members()
    if (alive.length === 0) return { wasKilled: false, left: [] }
    for (const { pid } of alive) signal(pid, 'SIGTERM')
    const left = await remaining(graceSeconds, givenUp)
    if (left.length === 0 || givenUp.aborted) return { wasKilled: false, left }
    return { wasKilled: true, left: await remaining(killSecondsMax, givenUp, 'SIGKILL') }
  }

  /** Who is left after at most that long, told again to end at each look if a signal is given. */
  async function remaining(
    seconds: number,
    givenUp: AbortSignal,
    repeated: NodeJS.Signals | null = null,
  ): Promise<readonly number[]> {
    const untilMs = performance.now() + 1000 * seconds
    let lookMs = firstLookMs
    for (;;) {
      // While its first process lives there is no need to look for more.
      const isLed = repeated === null && isAlive(leader)
      const pids = isLed ? [leader.pid] : (await members()).map(pidOf)
      if (pids.length === 0 || performance.now() >= untilMs || givenUp.aborted) return pids
      if (repeated !== null) for (const pid of pids) signal(pid, repeated)
      await pause(Math.min(lookMs, Math.max(1, untilMs - performance.now())) / 1000, givenUp)
      lookMs = Math.min(lookMsMax, 2 * lookMs)
    }
  }
}

function pidOf({ pid }: ProcessStat): number {
  return pid
}

/**
 * Between the look at /proc and this call the process may end and its pid go to another, which
 * takes a whole round of the kernel's pid numbers in a millisecond; Node has no pidfd that would
 * exclude it.
 */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended, or became another user's: the next look tells which.
  }
}
