import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { AssertionError } from '../../base/assert.ts'
import { DeviceError } from '../../devices/device-error.ts'
import { type FileLock, signatureOf, signLock, tryLock } from '../../devices/lock/file-lock.ts'
import { openBook } from '../../reconfigure/book.ts'
import type { Context } from '../../reconfigure/context.ts'
import { usualPatience } from '../../reconfigure/persist.ts'
import { type Recovery, recover } from '../../reconfigure/recover.ts'
import { type Check, diagnose, readGpuFacts } from '../host/doctor.ts'
import { type ForeignOwner, foreignOwners, ownersByNode } from '../host/foreign-owners.ts'
import { readKubernetesNode } from '../host/kubernetes-node.ts'
import { listProcesses } from '../host/processes.ts'
import { JournalError } from '../journal/journal-error.ts'
import { openJournal, readJournal } from '../journal/sqlite-journal.ts'
import { ForeignOwnerError } from './foreign-owner-error.ts'
import { type DeviceSpec, nodeFolder, openDevice } from './open-device.ts'

const journalName = 'journal.db'
const machineLocks = '/run/lock'

/** Seconds since 1970. */
export const clock = (): number => Date.now() / 1000

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
  const owners = spec.kind === 'nvml' ? await ownersOf(listPrograms()) : []
  const changing = owners.filter(({ kind }) => kind === 'owner')
  if (changing.length > 0 && options.ignoresOwners !== true) throw new ForeignOwnerError(changing)
  const own = makeFolder(nodeFolder(spec, folder))
  // A driver takes a while to open; the journal is read meanwhile.
  const opening = openDevice(spec, own)
  opening.catch(() => undefined)
  const closing: (() => void | Promise<void>)[] = [async () => (await opening).close()]
  const close = async (): Promise<void> => {
    // One after the other, and whatever goes wrong with one, the next is let go all the same.
    const wrong: unknown[] = []
    for (const end of closing.splice(0)) {
      try {
        await end()
      } catch (error) {
        wrong.push(error)
      }
    }
    if (wrong.length > 0) throw wrong[0]
  }
  try {
    const journal = openJournal(join(own, journalName), { now: clock })
    // Last: what the device and the locks guard is over by then.
    closing.push(journal.close)
    const device = await opening
    const book = openBook(journal)
    const sleep = (seconds: number): Promise<void> => wait(seconds * 1000)
    const context = { device, book, sleep, patience: usualPatience }
    const gpus = (await device.gpus()).map(({ uuid }) => uuid)
    if (spec.kind === 'nvml') {
      for (const gpu of gpus) closing.splice(1, 0, lockGpu(gpu).release)
    }
    return { context, recovery: await recover(context, gpus), close }
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
}

async function ownersOf(
  processes: ReturnType<typeof listProcesses>,
): Promise<readonly ForeignOwner[]> {
  return [...foreignOwners(processes), ...ownersByNode(await readKubernetesNode())]
}

function listPrograms(): ReturnType<typeof listProcesses> {
  return listProcesses('/proc', { withDeviceFiles: false })
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

export type LookedAt = {
  /** Reads the GPUs and what the journal says of them; writing to the journal is refused. */
  readonly context: Context
  readonly close: () => Promise<void>
}

/** A node to look at, while another program may be changing it. */
export async function lookAtNode(spec: DeviceSpec, folder: string): Promise<LookedAt> {
  const own = nodeFolder(spec, folder)
  const entries = readJournal(join(own, journalName))
  if (spec.kind === 'simulated') makeFolder(own)
  const device = await openDevice(spec, own)
  const refuse = (): never => {
    throw new AssertionError('A node that is only looked at is not changed')
  }
  const book = openBook({ entries: () => entries, append: refuse })
  const sleep = (seconds: number): Promise<void> => wait(seconds * 1000)
  return { context: { device, book, sleep, patience: usualPatience }, close: device.close }
}

function makeFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    const state = error instanceof Error ? error.message : String(error)
    throw new JournalError('JOURNAL_UNWRITABLE', `make the folder ${folder}`, state)
  }
  return folder
}

/** Looks at everything that changing layouts here depends on. Changes nothing. */
export async function examine(spec: DeviceSpec, folder: string): Promise<readonly Check[]> {
  const isReal = spec.kind === 'nvml'
  const processes = isReal ? listProcesses() : []
  const holders = processes.filter(
    ({ pid, deviceFiles }) => deviceFiles.length > 0 && pid !== process.pid,
  )
  const owners = isReal ? await ownersOf(processes) : []
  const isPrivileged = isReal ? mayChange() : null
  try {
    const own = nodeFolder(spec, folder)
    if (spec.kind === 'simulated') makeFolder(own)
    const device = await openDevice(spec, own)
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
