import { must } from '../../base/assert.ts'
import { findGpuModel } from '../../core/mig/catalog.ts'
import type { Driver } from '../../devices/device.ts'
import type { InferRequest } from '../open-inference/protocol.ts'
import type { Board } from './boards.ts'
import { retrainingConditions, servingConditions } from './conditions.ts'
import type { FiguresFile } from './figures-file.ts'
import { missingServing, type ServingWish } from './measure-serving.ts'
import { type Conditions, leftOut, type MeasuredProfile, type TableKey } from './measured-table.ts'
import type { ProfiledTenant } from './profiled-tenant.ts'

export type WantedProfile = {
  /** Id of a GPU model. */
  readonly gpu: string
  /** Name of a GPU instance profile of it. */
  readonly profile: string
}

/** What of a tenant is measured. */
export type ProfileWish = {
  readonly tenant: ProfiledTenant
  readonly wanted: readonly WantedProfile[]
  readonly serving: ServingWish
  /** Null: no retraining is measured. */
  readonly retrainingSecondsMax: number | null
  /** A request like those it gets; null: made up by what its worker says of its model. */
  readonly sample: InferRequest | null
}

/** One profile to measure with one kind of worker. */
export type ProfileTask = WantedProfile & {
  readonly key: TableKey
  readonly conditions: Conditions
}

type Here = {
  readonly boards: readonly Board[]
  readonly driver: Driver
  readonly isSimulated: boolean
}

/**
 * The largest profiles first: a worker that does not run there has more wrong with it than too
 * little memory.
 */
export function profileTasks(wish: ProfileWish, here: Here): readonly ProfileTask[] {
  const tasks = wish.wanted.flatMap((wanted) => tasksOn(wanted, wish, here))
  return tasks.sort((a, b) => sizeOf(b) - sizeOf(a))
}

function tasksOn(wanted: WantedProfile, wish: ProfileWish, here: Here): readonly ProfileTask[] {
  const { gpu } = wanted
  const { tenant, sample } = wish
  const board = must(here.boards.find(({ model }) => model === gpu)).name
  const profiles = must(findGpuModel(gpu)).profiles.map(({ name }) => name)
  const asked = { ...here, tenant, board, profiles }
  const serving: ProfileTask = {
    ...wanted,
    key: { kind: 'inference', model: tenant.model, gpu, batch: null },
    conditions: servingConditions(asked, sample),
  }
  if (tenant.retraining === null || wish.retrainingSecondsMax === null) return [serving]
  const { job, batch } = tenant.retraining
  const training: ProfileTask = {
    ...wanted,
    key: { kind: 'training', model: job, gpu, batch },
    conditions: retrainingConditions(asked),
  }
  return [serving, training]
}

/** By memory, and of equal memory by compute slices. */
function sizeOf({ gpu, profile }: WantedProfile): number {
  const found = must(findGpuModel(gpu)).profiles.find(({ name }) => name === profile)
  return found === undefined ? 0 : found.size + found.computeSlices / 100
}

export function isMissing(task: ProfileTask, file: FiguresFile, wish: ProfileWish): boolean {
  const found = file.find(task)
  if (task.key.kind === 'training') return found.retraining === null
  const { starts, batches } = missingServing(found, wish.serving)
  return starts > 0 || batches.length > 0
}

/** The worker does not get ready here, though it does elsewhere: that is a finding. */
export function withoutRun(
  { key }: ProfileTask,
  found: MeasuredProfile,
  { wish, message }: { readonly wish: ProfileWish; readonly message: string },
): MeasuredProfile {
  const date = new Date().toISOString()
  const outcome = { didNotRun: message }
  if (key.kind === 'training') {
    const configuration = must(wish.tenant.retraining).configurationId
    return { ...found, retraining: { date, configuration, outcome } }
  }
  const known = new Set(found.batches.map(({ items }) => items))
  const left = wish.serving.batches.filter((items) => !known.has(items))
  const batches = [
    ...found.batches,
    ...left.map((items, i) => ({ items, date, outcome: i === 0 ? outcome : leftOut(left[0]) })),
  ]
  return { ...found, batches: batches.sort((a, b) => a.items - b.items) }
}

export function isSameProfile(a: WantedProfile, b: WantedProfile): boolean {
  return a.gpu === b.gpu && a.profile === b.profile
}

export function isSameTable(a: TableKey, b: TableKey): boolean {
  return a.kind === b.kind && a.model === b.model && a.gpu === b.gpu
}
