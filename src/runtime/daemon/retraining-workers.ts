import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../../base/assert.ts'
import { classIndexIn } from '../../control/class-index.ts'
import type { Effect } from '../../control/effects.ts'
import type { VersionMeasurement } from '../../control/events.ts'
import { findInstance, tenantOf } from '../../control/executor-state.ts'
import { openInferenceClient } from '../open-inference/client.ts'
import type { WorkerEvent } from '../workers/worker-events.ts'
import type { RetrainingSpec } from '../workers/worker-spec.ts'
import { FailurePause } from './failure-pause.ts'
import type { InstanceOperations } from './instance-operations.ts'
import { trainerOf, versionOf } from './job-names.ts'
import { heldOutItemsMax, judgeVersions } from './judge.ts'
import { workerSpecOf } from './worker-spec-of.ts'
import { tenantIndexOf, type WorldContext } from './world-context.ts'

type StartWorker = Extract<Effect, { readonly kind: 'start-worker' }>
type RetrainingTask = Extract<StartWorker['task'], { readonly kind: 'retraining' }>

type Training = {
  readonly workerId: string
  readonly instanceId: string
  readonly tenant: number
  readonly classIndex: number
  readonly jobId: string
  phase: 'starting' | 'training' | 'checkpointing' | 'judging' | 'over' | 'stopping'
  /** When its first line of progress came. */
  beganSeconds: number | null
}

/** A judge's worker that is awaited. */
type Judge = { readonly onReady: (url: string) => void; readonly onEnd: () => void }

const graceSeconds = 30
/** Where its instance is gone it has nothing to finish. */
const lostGraceSeconds = 1
const silenceSecondsMax = 300
/** Beside starting a worker twice over. */
const judgingSecondsMin = 20

const nothing: VersionMeasurement = { labels: 0, correctCandidate: 0, correctDeployed: 0 }

/**
 * Trainers on GPU instances. What one has made is judged on its own instance, which is idle by
 * then, before control is told that it is done: so judging takes nothing from those that serve.
 */
export class RetrainingWorkers {
  readonly #context: WorldContext
  readonly #instances: InstanceOperations
  readonly #pause = new FailurePause()
  readonly #training = new Map<string, Training>()
  readonly #judges = new Map<string, Judge>()
  /** By tenant and version, until control asks. */
  readonly #measured = new Map<string, VersionMeasurement>()

  constructor(context: WorldContext, instances: InstanceOperations) {
    this.#context = context
    this.#instances = instances
  }

  /** Work of which it is not known how long it took is not timed: `beganSeconds` is null. */
  take(own: Omit<Training, 'phase'> & { readonly isTraining: boolean }): void {
    const { isTraining, ...training } = own
    this.#training.set(own.instanceId, { ...training, phase: isTraining ? 'training' : 'starting' })
  }

  /** One whose trainer ended while no daemon looked, and whose version was taken in. */
  judge(own: Omit<Training, 'phase' | 'beganSeconds' | 'workerId'>): void {
    const { id } = must(this.#context.site.tenants[own.tenant])
    const training: Training = {
      ...own,
      workerId: trainerOf(id, own.jobId, this.#context.now()),
      phase: 'judging',
      beganSeconds: null,
    }
    this.#training.set(own.instanceId, training)
    void this.#finish(training, null)
  }

  start({ instanceId, tenant, task }: StartWorker): void {
    if (task.kind !== 'retraining') return
    const { site, stateNow, workers, log } = this.#context
    const { gpu, profileId } = must(findInstance(stateNow(), instanceId))
    const classIndex = classIndexIn(site, gpu, profileId)
    const index = tenantIndexOf(this.#context, tenant)
    const own: Training = {
      workerId: trainerOf(tenant, task.jobId, this.#context.now()),
      instanceId,
      tenant: index,
      classIndex,
      jobId: task.jobId,
      phase: 'starting',
      beganSeconds: null,
    }
    this.#training.set(instanceId, own)
    const spec = this.#specOf(own, task)
    if (spec === null) {
      this.#fail(own, 'There is nothing to retrain it with')
      return
    }
    log('info', `${own.workerId}: retraining (${task.configurationId}) on ${instanceId}`)
    void workers.startRetraining(spec).then((result) => {
      if (result.kind === 'refused') this.#fail(own, result.message)
    })
  }

  /** It writes its checkpoint and ends; one that has just finished has nothing to add. */
  checkpoint(instanceId: string): void {
    const own = this.#training.get(instanceId)
    if (own === undefined || own.phase === 'judging' || own.phase === 'over') return
    own.phase = 'checkpointing'
    void this.#context.workers.stop(own.workerId, { graceSeconds })
  }

  stop(instanceId: string): void {
    const { workers, tell } = this.#context
    const own = this.#training.get(instanceId)
    const isRunning = own?.phase === 'starting' || own?.phase === 'training'
    if (own === undefined || !isRunning) {
      this.#training.delete(instanceId)
      tell({ kind: 'worker-stopped', instanceId })
      return
    }
    own.phase = 'stopping'
    void workers.stop(own.workerId, { graceSeconds }).then((result) => {
      if (this.#training.get(instanceId) !== own) return
      this.#training.delete(instanceId)
      const kind = result.kind === 'not-stopped' ? 'instance-failed' : 'worker-stopped'
      tell({ kind, instanceId })
    })
  }

  /** Its instance is gone, and with it what was not saved. */
  lose(instanceId: string): void {
    const { workers } = this.#context
    const own = this.#training.get(instanceId)
    if (own === undefined) return
    this.#training.delete(instanceId)
    for (const id of [own.workerId, judgeOf(own)]) {
      void workers.stop(id, { graceSeconds: lostGraceSeconds })
    }
  }

  /** It can do no more on its instance; another one can. What judges fails by itself. */
  replace(instanceId: string, why: string): void {
    const own = this.#training.get(instanceId)
    if (own?.phase === 'training') this.#fail(own, why)
  }

  /** What the judge found, or nothing: then the version does not pass. */
  measured(tenant: string, version: string): VersionMeasurement {
    return this.#measured.get(`${tenant}\n${version}`) ?? nothing
  }

  onWorker(event: WorkerEvent): boolean {
    const judge = this.#judges.get(event.workerId)
    if (judge !== undefined) {
      if (event.kind === 'ready') judge.onReady(event.url)
      if (event.kind === 'failed' || event.kind === 'stopped') judge.onEnd()
      return true
    }
    const own = [...this.#training.values()].find(({ workerId }) => workerId === event.workerId)
    if (own === undefined) return false
    if (own.phase !== 'stopping' && own.phase !== 'over') this.#onTraining(own, event)
    return true
  }

  #onTraining(own: Training, event: WorkerEvent): void {
    const { tell, log } = this.#context
    const { instanceId } = own
    switch (event.kind) {
      case 'progress':
        this.#begin(own)
        tell({ kind: 'retraining-progress', instanceId, fraction: event.fraction })
        break
      case 'checkpointed':
        this.#countWork(own)
        if (own.phase !== 'checkpointing') {
          this.#fail(own, 'it was stopped by somebody')
          break
        }
        own.phase = 'over'
        tell({ kind: 'checkpointed', instanceId, fraction: event.fraction })
        break
      case 'done':
        this.#begin(own)
        this.#countWork(own)
        own.phase = 'judging'
        log('info', `${own.workerId}: trained; its version is judged`)
        void this.#finish(own, event.versionDir)
        break
      case 'stopped':
        this.#fail(own, 'it ended without a checkpoint')
        break
      case 'failed':
        this.#fail(own, `${event.failure}: ${event.message}`)
        break
      case 'crash-looping':
        this.#fail(own, `ended ${event.ends} times`)
        break
      case 'unwell':
        log('warn', `${own.workerId}: ${event.reason}: ${event.message}`)
        break
      default:
        break
    }
  }

  #begin(own: Training): void {
    if (own.phase !== 'starting') return
    own.phase = 'training'
    own.beganSeconds = this.#context.now()
    this.#context.book.beginWork(own.jobId, own.beganSeconds)
    this.#context.tell({ kind: 'worker-ready', instanceId: own.instanceId })
  }

  #countWork({ jobId, classIndex, beganSeconds }: Training): void {
    if (beganSeconds === null) return
    this.#context.book.countWork(jobId, classIndex, this.#context.now() - beganSeconds)
  }

  /** Null: it was taken in before. */
  async #finish(own: Training, versionDir: string | null): Promise<void> {
    const { versions, book, tell, log, now } = this.#context
    const store = must(versions[own.tenant])
    const version = versionOf(own.jobId)
    const { labelsSeconds } = book.job(own.jobId)
    if (versionDir !== null) {
      store.takeIn(version, versionDir, { labelledUntilSeconds: labelsSeconds })
    }
    const measurement = await this.#judge(own, version).catch((error: unknown) => {
      log('error', `${own.workerId}: judging ${version}: ${String(error)}`)
      return null
    })
    if (this.#training.get(own.instanceId) !== own) return
    const { id } = must(this.#context.site.tenants[own.tenant])
    if (measurement === null) {
      log('warn', `${id}: ${version} could not be judged, so it does not pass`)
    } else {
      const { labels, correctCandidate, correctDeployed } = measurement
      log(
        'info',
        `${id}: ${version} right in ${correctCandidate}/${labels}, ${correctDeployed} before`,
      )
      this.#measured.set(`${id}\n${version}`, measurement)
      book.noteFinished(own.jobId, version, { measurement, atSeconds: now() })
    }
    own.phase = 'over'
    tell({ kind: 'retraining-done', instanceId: own.instanceId, version })
  }

  async #judge(own: Training, version: string): Promise<VersionMeasurement | null> {
    const { workers, versions, labels, site, programs } = this.#context
    const requests = Math.ceil(heldOutItemsMax / must(site.tenants[own.tenant]).itemsPerRequest)
    const heldOut = must(labels[own.tenant]).heldOut(requests)
    if (heldOut.length === 0) return null
    const store = must(versions[own.tenant])
    const { id, inferenceStartSeconds } = must(site.tenants[own.tenant])
    const workerId = judgeOf(own)
    const spec = workerSpecOf(this.#context, {
      workerId,
      tenant: own.tenant,
      classIndex: own.classIndex,
      device: this.#instances.uuidOf(own.instanceId),
      modelDir: store.dirOf(version),
    })
    if (spec === null || programs[own.tenant] === null) return null
    const ready = new Promise<string | null>((resolve) => {
      this.#judges.set(workerId, { onReady: resolve, onEnd: () => resolve(null) })
    })
    const signal = AbortSignal.timeout(1000 * (judgingSecondsMin + 3 * inferenceStartSeconds))
    const expired = new Promise<null>((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true })
    })
    try {
      if ((await workers.startInference(spec)).kind === 'refused') return null
      const url = await Promise.race([ready, expired])
      if (url === null) return null
      const client = openInferenceClient(url)
      const deployedDir = store.dirOf(store.deployed().versionId)
      const loadDeployed = async (): Promise<boolean> =>
        (await workers.load(workerId, deployedDir)).kind === 'loaded'
      const measurement = judgeVersions({ tenant: id, heldOut, client, loadDeployed, signal })
      const found = await Promise.race([measurement, expired])
      await client.close()
      return found
    } finally {
      await workers.stop(workerId, { graceSeconds: 5 })
      this.#judges.delete(workerId)
    }
  }

  #specOf(own: Training, task: RetrainingTask): RetrainingSpec | null {
    const { site, programs, versions, labels, book, jobFolder, stateNow } = this.#context
    const program = programs[own.tenant] ?? null
    if (program === null || program.retraining === null) return null
    const { id } = must(site.tenants[own.tenant])
    const folder = jobFolder(id, task.jobId)
    const dataDir = join(folder, 'data')
    if (!task.resumes) {
      const from = tenantOf(stateNow(), id).version
      const { configurationId } = task
      book.beginJob({ jobId: task.jobId, tenant: id, configurationId, from })
      if (!must(labels[own.tenant]).handTo(dataDir)) return null
    }
    const [outputDir, checkpointDir] = [join(folder, 'output'), join(folder, 'checkpoint')]
    for (const own of [outputDir, checkpointDir]) mkdirSync(own, { recursive: true })
    const profile = must(site.classes[own.classIndex]).name
    return {
      kind: 'retraining',
      id: own.workerId,
      tenant: id,
      command: program.retraining,
      device: this.#instances.uuidOf(own.instanceId),
      profile,
      modelDir: must(versions[own.tenant]).dirOf(book.job(task.jobId).from),
      environment: program.environment,
      paceFile: program.paceFileOf(profile),
      memoryMiBMax: program.memoryMiBMax,
      restart: null,
      configurationId: task.configurationId,
      dataDir,
      outputDir,
      checkpointDir,
      silenceSecondsMax,
    }
  }

  #fail(own: Training, why: string): void {
    const { workers, tell, log, site, now, stateNow } = this.#context
    const { instanceId } = own
    if (this.#training.get(instanceId) !== own) return
    own.phase = 'over'
    const seconds = this.#pause.note(must(site.tenants[own.tenant]).id, now())
    log('error', `${own.workerId}: ${why}; told in ${seconds} s`)
    void workers.stop(own.workerId, { graceSeconds }).then(() => {
      setTimeout(() => {
        if (this.#training.get(instanceId) !== own) return
        this.#training.delete(instanceId)
        if (findInstance(stateNow(), instanceId)?.worker?.kind === 'retraining') {
          tell({ kind: 'worker-failed', instanceId })
        }
      }, seconds * 1000)
    })
  }
}

/** Which worker judges what it makes. */
function judgeOf({ workerId }: Training): string {
  return `${workerId}-judge`
}
