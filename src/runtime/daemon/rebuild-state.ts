import { basename } from 'node:path'
import { assert, must } from '../../base/assert.ts'
import {
  type ExecutorState,
  type InstanceState,
  initialState,
  type RetrainingJob,
  type WorkerState,
} from '../../control/executor-state.ts'
import { instanceMemoryOf } from '../../control/instance-memory.ts'
import { type SafetyModel, safetyModel } from '../../control/safety.ts'
import type { Site } from '../../core/site.ts'
import { memoryNeedOf } from '../../core/workload/memory-need.ts'
import type { LedgerData, OwnedInstance } from '../../reconfigure/journal.ts'
import type { RouterState } from '../router/protocol.ts'
import type { WorkerView } from '../workers/worker-spec.ts'
import { type Books, withoutGpu, withoutPlace } from './blocked-places.ts'
import type { FailedPlaces } from './failed-places.ts'
import type { JobLeft } from './job-left.ts'
import { jobIdOf, jobNumberOf } from './job-names.ts'
import type { KeptJob } from './kept-jobs.ts'
import type { NodeJob } from './node-book.ts'
import type { VersionStore } from './version-store.ts'

export type Found = {
  readonly site: Site
  readonly gpuUuids: readonly string[]
  readonly ledger: Pick<LedgerData, 'owned' | 'operationsMade'>
  /** Workers that live. */
  readonly workers: readonly WorkerView[]
  readonly servers: RouterState['servers']
  readonly versions: readonly VersionStore[]
  readonly jobs: readonly NodeJob[]
  /** Retrainings that were under way, by tenant; parallel to the tenants. */
  readonly kept: readonly (KeptJob | null)[]
  /** What is left of those that no trainer works on; parallel to the tenants. */
  readonly left: readonly (JobLeft | null)[]
  readonly failed: Pick<FailedPlaces, 'all' | 'isFailed'>
  readonly nowSeconds: number
}

export type TrainedJob = Extract<JobLeft, { readonly kind: 'trained' }>

/** What a daemon begins with: control's books, and who each instance and worker in them is. */
export type Rebuilt = {
  readonly state: ExecutorState
  readonly safety: SafetyModel
  readonly owned: ReadonlyMap<string, OwnedInstance>
  /** By instance: the worker that control's books have on it. */
  readonly workers: ReadonlyMap<string, WorkerView>
  /** By instance: a retraining whose version is to be judged there. */
  readonly trained: ReadonlyMap<string, TrainedJob>
  /** They run, and nothing is known of what for. */
  readonly strays: readonly WorkerView[]
}

/** Plans of migrator's own planner are carried out: that makes first. */
const handover = 'make-first'

/**
 * Control's books made anew from what there is: GPU instances of the journal, processes that live,
 * servers that the router has. There is no plan yet, and without one control leaves all as it is.
 */
export function rebuildState(found: Found): Rebuilt {
  const { site, gpuUuids, ledger, nowSeconds } = found
  const models = site.gpus.map(({ model }) => model)
  const tenants = site.tenants.map((tenant, i) => ({
    id: tenant.id,
    version: must(found.versions[i]).deployed().versionId,
    memory: memoryNeedOf(site, tenant),
  }))
  const blank = initialState(models, tenants, handover, {
    cutOverSeconds: site.costs.cutOverSeconds,
    instanceMemory: instanceMemoryOf(site),
  })
  const owned = new Map<string, OwnedInstance>()
  const workers = new Map<string, WorkerView>()
  const instances: InstanceState[] = []
  const jobs = new Map<string, RetrainingJob>()
  const trained = new Map<string, TrainedJob>()
  for (const [i, left] of found.left.entries()) {
    if (left?.kind === 'waiting') jobs.set(must(site.tenants[i]).id, left.job)
  }
  let instancesMade = ledger.operationsMade
  for (const own of ledger.owned) {
    const gpu = gpuUuids.indexOf(own.gpu)
    if (gpu < 0 || found.failed.isFailed(own)) continue
    const { profileId, placement } = own
    const name = `gpu${gpu}/${profileId}@${placement.start}`
    const host = `${name}#${own.operation}`
    const [first = null, second] = occupantsOf(found, own.uuid)
    for (const occupant of second === undefined ? [first] : [first, second]) {
      const isGuest = occupant !== null && occupant === second
      if (isGuest) instancesMade += 1
      const id = isGuest ? `${name}#${instancesMade}` : host
      owned.set(id, own)
      if (occupant?.view) workers.set(id, occupant.view)
      if (occupant?.trained) trained.set(id, occupant.trained)
      if (occupant?.worker.kind === 'retraining') {
        jobs.set(occupant.worker.tenant, jobOn(found, occupant, id))
      }
      instances.push({
        ...{ id, gpu, profileId, start: placement.start, phase: 'live' as const },
        worker: occupant?.worker ?? null,
        sinceSeconds: nowSeconds,
        idleSinceSeconds: occupant === null ? nowSeconds : null,
        ...(isGuest ? { besides: host } : {}),
      })
    }
  }
  const kept = new Set([...workers.values()])
  const state: ExecutorState = {
    ...blank,
    nowSeconds,
    instances,
    tenants: blank.tenants.map((own) => ({ ...own, job: jobs.get(own.id) ?? null })),
    // Operations and jobs are numbered for good, so ids made of these never come twice.
    instancesMade,
    jobsMade: Math.max(0, ...found.jobs.map(({ jobId }) => jobNumberOf(jobId))),
  }
  return {
    ...withoutFailed(found, { state, safety: safetyOf(found, state) }),
    owned,
    workers,
    trained,
    strays: found.workers.filter((view) => !kept.has(view)),
  }
}

/** Who is on a GPU instance: a worker that lives, or a version that is to be judged there. */
type Occupant = {
  readonly worker: WorkerState
  readonly view?: WorkerView
  readonly trained?: TrainedJob
}

/** At most two, whoever was there first first: the second one is there to take over. */
function occupantsOf(found: Found, uuid: string): readonly Occupant[] {
  const known = found.workers
    .filter(({ spec }) => spec.device === uuid)
    .flatMap((view): readonly Occupant[] => {
      const worker = workerOf(found, view)
      return worker === null ? [] : [{ view, worker }]
    })
    .sort((a, b) => startTicksOf(a) - startTicksOf(b))
  const trained = known.length < 2 ? trainedOn(found, uuid) : null
  return (trained === null ? known : [trained, ...known]).slice(0, 2)
}

function startTicksOf({ view }: Occupant): number {
  return Number(view?.process?.startTicks ?? Number.POSITIVE_INFINITY)
}

/** Instances that hardware failed under are there, and nothing is to be done with them. */
function withoutFailed({ gpuUuids, ledger, failed }: Found, books: Books): Books {
  let left = books
  for (const { gpu: uuid, operation } of failed.all) {
    const gpu = gpuUuids.indexOf(uuid)
    if (gpu < 0) continue
    const own = ledger.owned.find((each) => each.gpu === uuid && each.operation === operation)
    if (operation === null) left = withoutGpu(left, gpu)
    else if (own !== undefined) left = withoutPlace(left, { gpu, ...own.placement })
  }
  return left
}

/** Null: nothing that a daemon would have there now. */
function workerOf(found: Found, { spec, fraction, modelDir }: WorkerView): WorkerState | null {
  const { site, nowSeconds: sinceSeconds } = found
  const index = site.tenants.findIndex(({ id }) => id === spec.tenant)
  if (index < 0 || spec.id.endsWith('-judge')) return null
  const { tenant } = spec
  if (spec.kind === 'retraining') {
    const jobId = jobIdOf(spec.id, tenant)
    if (!found.jobs.some((own) => own.jobId === jobId)) return null
    const phase = fraction === null ? 'starting' : 'training'
    return { kind: 'retraining', tenant, jobId, phase, sinceSeconds }
  }
  const version = basename(modelDir)
  if (must(found.versions[index]).find(version) === undefined) return null
  const server = found.servers.find(({ settings }) => settings.serverId === spec.id)
  if (server?.mode === 'draining' || server?.mode === 'drained') return null
  const phase = server === undefined ? 'starting' : 'serving'
  return { kind: 'inference', tenant, version, phase, sinceSeconds }
}

/** Its version is judged where it was made: its trainer is gone. */
function trainedOn({ site, left, nowSeconds: sinceSeconds }: Found, uuid: string): Occupant | null {
  for (const [i, own] of left.entries()) {
    if (own?.kind !== 'trained' || own.job.device !== uuid) continue
    const tenant = must(site.tenants[i]).id
    const phase = 'training' as const
    const worker = { kind: 'retraining', tenant, jobId: own.job.id, phase, sinceSeconds } as const
    return { worker, trained: own }
  }
  return null
}

function jobOn(found: Found, { worker, view, trained }: Occupant, id: string): RetrainingJob {
  assert(worker.kind === 'retraining', `${id} trains nothing`)
  if (view !== undefined) return jobOf(found, view, { id, jobId: worker.jobId })
  const { device: _, ...job } = must(trained).job
  return { ...job, instanceId: id }
}

function jobOf(
  { jobs, kept, nowSeconds }: Found,
  view: WorkerView,
  { id, jobId }: { readonly id: string; readonly jobId: string },
): RetrainingJob {
  const { configurationId } = must(jobs.find((own) => own.jobId === jobId))
  const before = kept.find((own) => own?.id === jobId) ?? null
  if (before !== null) {
    const { device: _, ...job } = before
    return { ...job, instanceId: id, fraction: view.fraction ?? job.fraction }
  }
  return {
    id: jobId,
    configurationId,
    startedSeconds: nowSeconds,
    instanceId: id,
    waitingSinceSeconds: null,
    fraction: view.fraction ?? 0,
    checkpointFraction: 0,
    hasCheckpoint: false,
  }
}

function safetyOf({ site }: Found, state: ExecutorState): SafetyModel {
  const models = site.gpus.map(({ model }) => model)
  const memory = new Map(state.tenants.map((own) => [own.id, own.memory]))
  const { handover, instanceMemory } = state
  const blank = safetyModel(models, { handover, memory, instanceMemory })
  const instances = state.instances.map(({ id, gpu, profileId, start, worker, besides }) => {
    const watched =
      worker === null ? null : { role: worker.kind, tenant: worker.tenant, phase: worker.phase }
    const shared = besides === undefined ? {} : { besides }
    return [id, { gpu, profileId, start, phase: 'live', worker: watched, ...shared }] as const
  })
  return { ...blank, instances: new Map(instances) }
}
