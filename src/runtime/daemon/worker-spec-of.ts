import { must } from '../../base/assert.ts'
import type { InferenceSpec } from '../workers/worker-spec.ts'
import type { WorldContext } from './world-context.ts'

/** How an inference worker of a tenant is started; null: the tenant has no command for it. */
export function workerSpecOf(
  { site, programs }: Pick<WorldContext, 'site' | 'programs'>,
  worker: {
    readonly workerId: string
    readonly tenant: number
    readonly classIndex: number
    readonly device: string
    readonly modelDir: string
  },
): InferenceSpec | null {
  const program = programs[worker.tenant] ?? null
  if (program === null) return null
  const profile = must(site.classes[worker.classIndex]).name
  return {
    kind: 'inference',
    id: worker.workerId,
    tenant: must(site.tenants[worker.tenant]).id,
    command: program.inference,
    device: worker.device,
    profile,
    modelDir: worker.modelDir,
    environment: program.environment,
    paceFile: program.paceFileOf(profile),
    memoryMiBMax: program.memoryMiBMax,
    // Control decides what runs where: a worker that ends is told, not started again behind it.
    restart: null,
    port: null,
    readySecondsMax: program.readySecondsMax,
  }
}
