import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { findGpuModel } from '../../../core/mig/catalog.ts'
import type { GpuModel } from '../../../core/mig/gpu-model.ts'
import { DeviceError } from '../../device-error.ts'
import { lockWithin } from '../../lock/file-lock.ts'
import type { ErrorCode } from '../../return-codes.ts'
import { layoutOf } from '../gpu.ts'
import { newNode, type SimulatedNode } from '../node.ts'
import type { SimulatedStore } from '../store.ts'

const lockSeconds = 10
const pollSeconds = 0.1

/**
 * A simulated node in a JSON file that several processes share: each change takes the lock beside
 * the file and replaces the file whole, so a process that dies in the middle leaves the state
 * before it. A file that is not there is made, with those GPUs.
 */
export function fileStore(path: string, models: readonly GpuModel[]): SimulatedStore {
  const lockPath = `${path}.lock`
  const underLock = async <T>(run: () => T): Promise<T> => {
    const lock = await lockWithin(lockPath, lockSeconds).catch((error) => refuseAs(path, error))
    if (lock === null) {
      const state = `${lockPath} stayed locked for ${lockSeconds} s`
      throw refusal(path, state, 'NVML_ERROR_TIMEOUT')
    }
    try {
      return run()
    } finally {
      lock.release()
    }
  }
  const read = (): SimulatedNode => (existsSync(path) ? parseNode(path, models) : newNode(models))
  return {
    read: async () => read(),
    update: (change) =>
      underLock(() => {
        const node = read()
        const changed = change(node)
        if (changed.node !== node) replace(path, changed.node)
        return changed.value
      }),
    changed: async (signal) => {
      const before = changeTime(path)
      while (!signal.aborted && changeTime(path) === before) {
        await wait(pollSeconds * 1000, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}

function replace(path: string, node: SimulatedNode): void {
  const fresh = `${path}.new`
  try {
    writeFileSync(fresh, `${JSON.stringify(node, null, 1)}\n`)
    renameSync(fresh, path)
  } catch (error) {
    refuseAs(path, error)
  }
}

/** What the system refuses, a driver would. */
function refuseAs(path: string, error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const state = error instanceof Error ? error.message : String(error)
  const isForbidden = ['EACCES', 'EPERM', 'EROFS'].includes(code)
  throw refusal(
    path,
    state,
    isForbidden ? 'NVML_ERROR_NO_PERMISSION' : 'NVML_ERROR_OPERATING_SYSTEM',
  )
}

/** Of the newest replacement: a renamed file is another inode. */
function changeTime(path: string): string {
  if (!existsSync(path)) return ''
  const { ino, mtimeMs } = statSync(path)
  return `${ino}/${mtimeMs}`
}

function parseNode(path: string, models: readonly GpuModel[]): SimulatedNode {
  const node = parseJson(path)
  if (node?.format !== 'migrator-simulated-node-1' || !Array.isArray(node.gpus)) {
    throw refusal(path, 'it does not hold a simulated node; delete it to begin anew')
  }
  const found = node.gpus.map((gpu) => gpu.modelId)
  if (found.some((id) => findGpuModel(id) === undefined)) {
    throw refusal(path, `it names GPU models unknown here, one of ${found.join(', ')}`)
  }
  const asked = models.map(({ id }) => id)
  if (found.join() !== asked.join()) {
    const state = `it holds ${found.join(', ')}, not ${asked.join(', ')}; delete it to begin anew`
    throw refusal(path, state)
  }
  for (const gpu of node.gpus) layoutOf(gpu)
  return node
}

function parseJson(path: string): SimulatedNode | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

function refusal(
  path: string,
  state: string,
  code: ErrorCode = 'NVML_ERROR_INVALID_ARGUMENT',
): DeviceError {
  return new DeviceError({ code, action: `use the simulated node in ${path}`, state })
}
