import { describe, expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../../test/literal-site.ts'
import { must } from '../../base/assert.ts'
import { resolveSite } from '../../config/resolve-site.ts'
import { advance } from '../../control/executor.ts'
import type { OwnedInstance } from '../../reconfigure/journal.ts'
import type { ServerState } from '../router/protocol.ts'
import type { WorkerView } from '../workers/worker-spec.ts'
import type { JobLeft } from './job-left.ts'
import type { KeptJob } from './kept-jobs.ts'
import type { NodeJob } from './node-book.ts'
import { type Found, rebuildState } from './rebuild-state.ts'
import type { StoredVersion, VersionStore } from './version-store.ts'

const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })
const gpu = 'GPU-1'

/** NVML's id of 1g.10gb. */
const oneSlice = 19

function owned(start: number, operation: number): OwnedInstance {
  const ids = { gpuInstanceId: start, computeInstanceId: 0, uuid: `MIG-${start}` }
  return { gpu, profileId: oneSlice, placement: { start, size: 1 }, operation, ...ids }
}

function view(id: string, device: string, kind: 'inference' | 'retraining'): WorkerView {
  const common = { id, tenant: 'vision', device, modelDir: '/versions/v1' }
  return {
    spec: { ...common, kind } as WorkerView['spec'],
    phase: 'ready',
    process: null,
    url: kind === 'inference' ? 'http://127.0.0.1:9000' : null,
    modelDir: '/versions/v1',
    starts: 1,
    fraction: kind === 'retraining' ? 0.4 : null,
    rssMiB: null,
    stdoutPath: '',
    stderrPath: '',
  }
}

/** A fake of a store with one version. */
const store: Pick<VersionStore, 'deployed' | 'find'> = {
  deployed: () => ({ versionId: 'v1' }) as StoredVersion,
  find: (id) => (id === 'v1' ? ({ versionId: 'v1' } as StoredVersion) : undefined),
}

function found(own: Partial<Found>): Found {
  return {
    site,
    gpuUuids: [gpu],
    ledger: { owned: [owned(0, 3), owned(1, 7)], operationsMade: 9 },
    workers: [],
    servers: [],
    versions: site.tenants.map(() => store as VersionStore),
    jobs: [],
    kept: site.tenants.map(() => null),
    left: site.tenants.map(() => null),
    failed: { all: [], isFailed: () => false },
    nowSeconds: 50,
    ...own,
  }
}

const job = { jobId: 'vision/job-4', tenant: 'vision', configurationId: 'full' } as NodeJob

test('what serves goes on serving, what trains goes on training', () => {
  const workers = [
    view('vision-1', 'MIG-0', 'inference'),
    view('vision-job-4-123', 'MIG-1', 'retraining'),
  ]
  const servers = [{ settings: { serverId: 'vision-1' }, mode: 'open', inFlight: 1 } as ServerState]
  const { state, strays } = rebuildState(found({ workers, servers, jobs: [job] }))
  expect(state.instances.map(({ id, worker }) => [id, worker?.kind, worker?.phase])).toEqual([
    ['gpu0/19@0#3', 'inference', 'serving'],
    ['gpu0/19@1#7', 'retraining', 'training'],
  ])
  const vision = must(state.tenants.find(({ id }) => id === 'vision'))
  expect(vision.job).toMatchObject({ id: 'vision/job-4', fraction: 0.4, configurationId: 'full' })
  expect(strays).toEqual([])
  // Without a plan control leaves everything as it is.
  expect(advance(state, { kind: 'time-reached', atSeconds: 60 }).effects).toEqual([])
})

test('a worker that the router does not have yet is routed to once it is ready', () => {
  const workers = [view('vision-1', 'MIG-0', 'inference')]
  const { state } = rebuildState(found({ workers }))
  const instanceId = 'gpu0/19@0#3'
  const { effects } = advance(state, { kind: 'worker-ready', instanceId, atSeconds: 51 })
  expect(effects).toEqual([{ kind: 'route-add', instanceId, tenant: 'vision' }])
})

const { jobId: id, configurationId } = job
const kept: KeptJob = {
  ...{ id, configurationId, startedSeconds: 30, waitingSinceSeconds: 40, device: null },
  ...{ fraction: 0.5, checkpointFraction: 0.5, hasCheckpoint: true },
}

test('a retraining that waited waits on; one that is done is judged where it was', () => {
  const index = site.tenants.findIndex((own) => own.id === 'vision')
  const left = (own: JobLeft) => site.tenants.map((_, i) => (i === index ? own : null))
  const { device: _, ...rest } = kept
  const waiting: JobLeft = { kind: 'waiting', job: { ...rest, instanceId: null } }
  const waits = rebuildState(found({ jobs: [job], left: left(waiting) }))
  expect(waits.state.tenants[index]?.job).toEqual(waiting.job)
  const trained: JobLeft = { kind: 'trained', job: { ...kept, device: 'MIG-1' }, workerId: null }
  const judged = rebuildState(found({ jobs: [job], left: left(trained) }))
  expect(judged.state.tenants[index]?.job?.instanceId).toBe('gpu0/19@1#7')
  expect(judged.state.instances[1]?.worker).toMatchObject({ kind: 'retraining', phase: 'training' })
  expect([...judged.trained.keys()]).toEqual(['gpu0/19@1#7'])
})

test('what nobody can say the purpose of is a stray', () => {
  const workers = [
    view('vision-job-1-5-judge', 'MIG-0', 'inference'),
    view('vision-9', 'MIG-of-no-instance', 'inference'),
    view('vision-job-8-1', 'MIG-1', 'retraining'),
  ]
  const { state, strays } = rebuildState(found({ workers, jobs: [job] }))
  expect(strays.map(({ spec }) => spec.id)).toEqual(workers.map(({ spec }) => spec.id))
  expect(state.instances.every(({ worker }) => worker === null)).toBe(true)
})

test('what hardware failed under is left alone, and whatever runs on it is ended', () => {
  const workers = [view('vision-1', 'MIG-0', 'inference')]
  const place = { gpu, operation: 3, why: 'XID 95' }
  const failed = { all: [place], isFailed: ({ operation }: OwnedInstance) => operation === 3 }
  const { state, safety, owned, strays } = rebuildState(
    found({ workers, failed: failed as Found['failed'] }),
  )
  expect(state.instances.map(({ id }) => id)).toEqual(['gpu0/19@1#7'])
  expect(state.gpus[0]?.blocked).toEqual([{ start: 0, size: 1, reason: 'failed' }])
  expect(safety.blocked).toEqual([{ gpu: 0, start: 0, mask: 1 }])
  expect([...owned.keys()]).toEqual(['gpu0/19@1#7'])
  expect(strays.map(({ spec }) => spec.id)).toEqual(['vision-1'])
})

test('a GPU that failed as a whole is nothing to plan with', () => {
  const failed = { all: [{ gpu, operation: null, why: 'lost' }], isFailed: () => true }
  const { state } = rebuildState(found({ failed }))
  expect(state.instances).toEqual([])
  expect(state.gpus[0]?.blocked).toEqual([{ start: 0, size: 8, reason: 'failed' }])
})

test('ids go on where they were, so that none comes twice', () => {
  const { state } = rebuildState(found({ jobs: [job] }))
  expect([state.instancesMade, state.jobsMade]).toEqual([9, 4])
})

describe('two workers on one GPU instance', () => {
  const startedAt = (startTicks: string, own: WorkerView): WorkerView => ({
    ...own,
    process: { pid: 1, startTicks, bootId: 'b' },
  })
  const serves = startedAt('100', view('vision-1', 'MIG-0', 'inference'))
  const servers = [{ settings: { serverId: 'vision-1' }, mode: 'open', inFlight: 1 } as ServerState]

  test('stay there, the later one to take over from the other, and wait for a plan', () => {
    const trains = startedAt('200', view('vision-job-4-123', 'MIG-0', 'retraining'))
    const workers = [trains, serves]
    const { state, safety, owned, strays } = rebuildState(found({ workers, servers, jobs: [job] }))
    expect(state.instances.map(({ id, worker, besides }) => [id, worker?.kind, besides])).toEqual([
      ['gpu0/19@0#3', 'inference', undefined],
      ['gpu0/19@0#10', 'retraining', 'gpu0/19@0#3'],
      ['gpu0/19@1#7', undefined, undefined],
    ])
    expect(state.tenants[0]?.job?.instanceId).toBe('gpu0/19@0#10')
    expect(state.instancesMade).toBe(10)
    expect(owned.get('gpu0/19@0#10')?.uuid).toBe('MIG-0')
    expect(safety.instances.get('gpu0/19@0#10')?.besides).toBe('gpu0/19@0#3')
    expect(strays).toEqual([])
    expect(advance(state, { kind: 'time-reached', atSeconds: 60 }).effects).toEqual([])
  })

  test('and a third are one too many', () => {
    const others = ['200', '300'].map((ticks) =>
      startedAt(ticks, view(`vision-${ticks}`, 'MIG-0', 'inference')),
    )
    const { state, strays } = rebuildState(found({ workers: [...others, serves], servers }))
    expect(state.instances.filter(({ worker }) => worker !== null)).toHaveLength(2)
    expect(strays.map(({ spec }) => spec.id)).toEqual(['vision-300'])
  })
})
