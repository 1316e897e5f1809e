import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** A process of this machine and which NVIDIA device files it has open. */
export type HostProcess = {
  readonly pid: number
  /** The command line, words with spaces between. */
  readonly command: string
  readonly deviceFiles: readonly string[]
}

/**
 * Every process that can be looked at. What ends meanwhile or belongs to somebody else is left out,
 * or has no device files: only root sees them all. Without device files it is much quicker.
 */
export function listProcesses(
  proc = '/proc',
  options: { readonly withDeviceFiles: boolean } = { withDeviceFiles: true },
): readonly HostProcess[] {
  return namesIn(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const command = readCommand(join(proc, name, 'cmdline'))
      if (command === null) return []
      const deviceFiles = options.withDeviceFiles ? openDevices(join(proc, name, 'fd')) : []
      return [{ pid: Number(name), command, deviceFiles }]
    })
}

function readCommand(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').split('\0').join(' ').trim()
  } catch {
    return null
  }
}

function openDevices(path: string): readonly string[] {
  const targets = namesIn(path).map((name) => linkOf(join(path, name)))
  return [...new Set(targets.filter((target) => target.startsWith('/dev/nvidia')))].sort()
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
