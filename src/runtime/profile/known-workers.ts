import { join } from 'node:path'
import { isAlive } from '../workers/processes.ts'
import { readRecords } from '../workers/worker-record.ts'
import type { KnownWorkers } from './find-room.ts'

/**
 * Workers that a daemon of this state directory has left running, by the GPU instance they use. A
 * driver tells of them only once they have opened the GPU.
 */
export async function knownWorkers(stateDir: string): Promise<KnownWorkers> {
  const records = await readRecords(join(stateDir, 'workers'))
  return new Map(
    records.flatMap((each) => {
      if (each.kind === 'unreadable') return []
      const { spec, process } = each.record
      if (process !== null && !isAlive(process)) return []
      return [[spec.device, `worker ${spec.id} of migrator run`] as const]
    }),
  )
}
