import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Device } from '../../devices/device.ts'
import { DeviceError } from '../../devices/device-error.ts'
import { type FileLock, signatureOf, signLock, tryLock } from '../../devices/lock/file-lock.ts'
import { openBook } from '../../reconfigure/book.ts'
import type { Context } from '../../reconfigure/context.ts'
import type { LedgerData } from '../../reconfigure/journal.ts'
import { ledgerOf } from '../../reconfigure/ledger.ts'
import { usualPatience } from '../../reconfigure/persist.ts'
import { type Recovery, recover } from '../../reconfigure/recover.ts'
import { type Check, diagnose, readGpuFacts } from '../host/doctor.ts'
import { type ForeignOwner, foreignOwners } from '../host/foreign-owners.ts'
import { listProcesses } from '../host/processes.ts'
import { openJournal, readJournal } from '../journal/sqlite-journal.ts'
import { type DeviceSpec, openDevice } from './open-device.ts'

const journalName = 'journal.db'
const machineLocks = '/run/lock'

/** Seconds since 1970. */
export const clock = (): number => Date.now() / 1000

/** Other programs change the layouts of this node; two of them would undo each other's work. */
export class ForeignOwnerError extends Error {
  override readonly name = 'ForeignOwnerError'
  readonly owners: readonly ForeignOwner[]

  constructor(owners: readonly ForeignOwner[]) {
    const told = owners.map(({ name, pids, fix }) => {
      return `${name}${pids.length === 0 ? '' : ` (pid ${pids.join(', ')})`}: ${fix}`
    })
    super(`Cannot take this node: other programs change its layouts\n  ${told.join('\n  ')}`)
    this.owners = owners
  }
}

export type Node = {
  readonly context: Context
  /** What was found and done about what a program before had left. */
  readonly recovery: Recovery
  readonly close: () => Promise<void>
}

/**
 * A node to change: its device, its journal for this process alone, and both in agreement. Throws
 * DeviceError, JournalError (a second program on the same folder too) or ForeignOwnerError, which
 * `ignoresOwners` waives.
 */
export async function openNode(
  spec: DeviceSpec,
  folder: string,
  options: { readonly ignoresOwners?: boolean } = {},
): Promise<Node> {
  const owners = spec.kind === 'nvml' ? foreignOwners(listProcesses()) : []
  const changing = owners.filter(({ kind }) => kind === 'owner')
  if (changing.length > 0 && options.ignoresOwners !== true) throw new ForeignOwnerError(changing)
  mkdirSync(folder, { recursive: true })
  const journal = openJournal(join(folder, journalName), { now: clock })
  try {
    const device = await openDevice(spec, folder)
    const locks: FileLock[] = []
    const close = async (): Promise<void> => {
      await device.close()
      for (const lock of locks) lock.release()
      journal.close()
    }
    const book = openBook(journal)
    const sleep = (seconds: number): Promise<void> => wait(seconds * 1000)
    const context = { device, book, sleep, patience: usualPatience }
    try {
      const gpus = (await device.gpus()).map(({ uuid }) => uuid)
      if (spec.kind === 'nvml') locks.push(...gpus.map(lockGpu))
      return { context, recovery: await recover(context, gpus), close }
    } catch (error) {
      for (const lock of locks) lock.release()
      await device.close()
      throw error
    }
  } catch (error) {
    journal.close()
    throw error
  }
}

/** For this process alone on the whole machine, wherever another one keeps its journal. */
function lockGpu(gpu: string): FileLock {
  const folder = existsSync(machineLocks) ? machineLocks : tmpdir()
  const path = join(folder, `migrator-${gpu}.lock`)
  const lock = tryLock(path)
  if (lock !== null) {
    signLock(path)
    return lock
  }
  const pid = signatureOf(path)
  const fix = 'stop it, or leave this GPU to it'
  const name = `another migrator on ${gpu}`
  throw new ForeignOwnerError([{ name, kind: 'owner', pids: pid === null ? [] : [pid], fix }])
}

/** A node to look at, while another program may be changing it. */
export async function lookAtNode(
  spec: DeviceSpec,
  folder: string,
): Promise<{ readonly device: Device; readonly ledger: LedgerData }> {
  const ledger = ledgerOf(readJournal(join(folder, journalName)))
  return { device: await openDevice(spec, folder), ledger }
}

/** Looks at everything that changing layouts here depends on. Changes nothing. */
export async function examine(spec: DeviceSpec, folder: string): Promise<readonly Check[]> {
  const isReal = spec.kind === 'nvml'
  const processes = isReal ? listProcesses() : []
  const holders = processes.filter(
    ({ pid, deviceFiles }) => deviceFiles.length > 0 && pid !== process.pid,
  )
  const owners = isReal ? foreignOwners(processes) : []
  const isPrivileged = isReal ? mayChange() : null
  try {
    const device = await openDevice(spec, folder)
    const driver = await device.driver()
    const gpus = await readGpuFacts(device)
    await device.close()
    return diagnose({ driver, gpus, owners, holders, isPrivileged })
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    return diagnose({ driver: error.failure, gpus: [], owners, holders, isPrivileged })
  }
}

/** NVIDIA guards instances by read access to a file; root passes always. */
function mayChange(): boolean {
  if (process.geteuid?.() === 0) return true
  try {
    accessSync('/proc/driver/nvidia/capabilities/mig/config', constants.R_OK)
    return true
  } catch {
    return false
  }
}
