import { must } from '../../base/assert.ts'
import type { Context } from '../../reconfigure/context.ts'
import type { OwnedInstance } from '../../reconfigure/journal.ts'
import type { Board } from './boards.ts'
import { borrowInstance } from './borrow-instance.ts'
import type { FiguresFile } from './figures-file.ts'
import { findRoom, type KnownWorkers, type Room } from './find-room.ts'
import type { MeasureContext } from './measure-context.ts'
import { measureRetraining } from './measure-retraining.ts'
import { type MeasureOutcome, measureServing } from './measure-serving.ts'
import { ProfileError } from './profile-error.ts'
import {
  isSameTable,
  type ProfileTask,
  type ProfileWish,
  type WantedProfile,
  withoutRun,
} from './profile-task.ts'
import type { WorkerDesk } from './worker-desk.ts'

type Ran = Parameters<MeasureContext['hasRun']>[0]

/** What tasks are done with. */
export type TaskRunner = {
  readonly wish: ProfileWish
  readonly context: Context
  readonly boards: readonly Board[]
  readonly workers: KnownWorkers
  readonly file: FiguresFile
  readonly desk: WorkerDesk
  /** For what must outlive a crash, and what workers write. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
}

/** Where a profile can be measured, or who is in the way. */
export function roomFor(
  { context, boards, workers }: Pick<TaskRunner, 'context' | 'boards' | 'workers'>,
  { gpu, profile }: WantedProfile,
): Promise<Room> {
  const { gpus } = must(boards.find(({ model }) => model === gpu))
  return findRoom(context, { gpus, profile, workers })
}

/** Measures on an instance of its own, which is as it was before when this comes back. */
export async function runTask(runner: TaskRunner, task: ProfileTask): Promise<void> {
  const { context, wish, folder, tell } = runner
  const { gpu, profile } = task
  const room = await roomFor(runner, task)
  if (room.kind === 'taken') {
    const reasons = room.reasons.join('; ')
    throw new ProfileError('refused', `Cannot measure ${profile}: its room was taken: ${reasons}`)
  }
  const why = `migrator profile of ${wish.tenant.id} on ${profile}`
  const result = await borrowInstance(context, room, { folder, why })
  if (result.kind === 'refused') {
    throw new ProfileError('refused', `Cannot make ${profile} on ${gpu}: ${result.reason}`)
  }
  const { instance, wasMade, giveBack } = result.borrowed
  tell(`${profile}  on an instance that ${wasMade ? 'was made for it' : 'was there already'}`)
  const [measured] = await Promise.allSettled([measure(runner, task, instance)])
  const stays = await giveBack()
  if (stays !== null) {
    const fix = 'migrator status shows it; migrator undo or the next migrator profile removes it'
    const what = `Cannot remove the GPU instance made for it, ${instance.uuid}: ${stays}`
    throw new ProfileError('stuck', `${what}\n  fix: ${fix}`)
  }
  if (measured.status === 'rejected') throw measured.reason
  if (measured.value.kind === 'not-ready') keepNotReady(runner, task, measured.value)
}

function keepNotReady(
  runner: TaskRunner,
  task: ProfileTask,
  { message, logPath }: Extract<MeasureOutcome, { readonly kind: 'not-ready' }>,
): void {
  const { file, wish, tell } = runner
  const { key, profile } = task
  if (!hasRun(runner, task, 'start')) {
    const who = key.kind === 'inference' ? 'worker' : 'trainer'
    throw new ProfileError(
      'failed',
      `The ${who} of ${wish.tenant.id} did not get ready on ${profile}, ` +
        `the largest profile asked for: ${message}\n  its output: ${logPath}`,
    )
  }
  file.keep(task, withoutRun(task, file.find(task), { wish, message }))
  tell(`${profile}  did not run: ${message}`)
}

function hasRun({ file }: TaskRunner, { key, conditions }: ProfileTask, what: Ran): boolean {
  const own = file.tables().filter((table) => isSameTable(table, key))
  const current = own.filter(({ measured }) => measured.conditions === conditions.conditions)
  const profiles = current.flatMap(({ measured }) => Object.values(measured.profiles))
  return profiles.some(({ startSeconds, batches }) =>
    what === 'start'
      ? startSeconds.length > 0
      : batches.some(({ outcome }) => 'perSecond' in outcome),
  )
}

function measure(
  runner: TaskRunner,
  task: ProfileTask,
  { gpu, uuid, gpuInstanceId }: OwnedInstance,
): Promise<MeasureOutcome> {
  const { file, desk, folder, signal, tell, wish, context: reconfigure } = runner
  const { tenant, sample, serving, retrainingSecondsMax } = wish
  const context: MeasureContext = {
    ...{ tenant, desk, folder, sample, signal, tell },
    profile: task.profile,
    device: uuid,
    memoryMiB: async () => {
      const all = await reconfigure.device.processes(gpu)
      const own = all.filter((each) => each.gpuInstanceId === gpuInstanceId)
      const told = own.flatMap(({ memoryMiB }) => (memoryMiB === null ? [] : [memoryMiB]))
      return told.length === 0 ? null : told.reduce((sum, each) => sum + each, 0)
    },
    hasRun: (what) => hasRun(runner, task, what),
    found: () => file.find(task),
    keep: (measured) => file.keep(task, measured),
  }
  return task.key.kind === 'inference'
    ? measureServing(context, serving)
    : measureRetraining(context, { secondsMax: must(retrainingSecondsMax) })
}
