import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import koffi from 'koffi'

/** A lock that the kernel takes back when its holder dies, however it dies. */
export type FileLock = { readonly release: () => void }

const exclusiveNow = 2 | 4

/** flock(2) of the C library; bound once, given whole numbers only. */
const flock = koffi.load(null).func('int flock(int fd, int operation)')

/**
 * The lock on that file (created if need be), or null while another holds it: another process or
 * this one. The holder's pid is written into the file for people; it is never believed.
 */
export function tryLock(path: string): FileLock | null {
  const fd = openSync(path, 'a+', 0o600)
  if (flock(fd, exclusiveNow) !== 0) {
    closeSync(fd)
    return null
  }
  return { release: () => closeSync(fd) }
}

/** As tryLock, but waits for the other; null once that many seconds have passed. */
export async function lockWithin(path: string, seconds: number): Promise<FileLock | null> {
  const tries = Math.ceil(seconds / pauseSeconds)
  for (let i = 0; i <= tries; i += 1) {
    const lock = tryLock(path)
    if (lock !== null) return lock
    await wait(pauseSeconds * 1000)
  }
  return null
}

const pauseSeconds = 0.005

/** Marks the lock with the pid of who holds it. */
export function signLock(path: string): void {
  const fd = openSync(path, 'w', 0o600)
  writeSync(fd, `${process.pid}\n`)
  closeSync(fd)
}

/** The pid that signed the lock last, or null: nobody did. */
export function signatureOf(path: string): number | null {
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null
}
