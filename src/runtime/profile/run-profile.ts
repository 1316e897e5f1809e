import type { Context } from '../../reconfigure/context.ts'
import { type Board, boardsHere } from './boards.ts'
import { takeBackLeftover } from './borrow-instance.ts'
import { type FiguresFile, openFiguresFile } from './figures-file.ts'
import { knownWorkers } from './known-workers.ts'
import { missingServing } from './measure-serving.ts'
import type { KeptTable } from './measured-table.ts'
import { ProfileError } from './profile-error.ts'
import {
  isMissing,
  isSameProfile,
  isSameTable,
  type ProfileTask,
  type ProfileWish,
  profileTasks,
  type WantedProfile,
} from './profile-task.ts'
import { roomFor, runTask, type TaskRunner } from './run-task.ts'
import { openWorkerDesk, type WorkerDesk } from './worker-desk.ts'

export type ProfileRunOptions = {
  readonly wish: ProfileWish
  /** Of a node that is this process's alone. */
  readonly context: Context
  readonly isSimulated: boolean
  /** Profiles without room are left out, and told; else nothing is begun. */
  readonly leavesOut: boolean
  /** The file of figures. */
  readonly output: string
  readonly stateDir: string
  /** For what must outlive a crash, and what workers write. */
  readonly folder: string
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
}

export type LeftOut = WantedProfile & { readonly reasons: readonly string[] }

export type ProfileRun = {
  readonly kind: 'done' | 'interrupted'
  /** This tenant's tables, as the file has them now. */
  readonly tables: readonly KeptTable[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * Measures what is not in the file yet, profile by profile, each on an instance that is free.
 * Throws ProfileError, ConfigError, DeviceError and JournalError; whatever it throws, no worker and
 * no instance of its own is left, unless it says so.
 */
export async function runProfile(options: ProfileRunOptions): Promise<ProfileRun> {
  const desk = openWorkerDesk(options.folder)
  try {
    const left = await desk.clear()
    if (left > 0)
      options.tell(
        `Ended what an earlier run had left: ${left} ${left === 1 ? 'worker' : 'workers'}`,
      )
    await settleLeftover(options)
    return await runTasks(options, desk)
  } finally {
    await desk.close()
  }
}

async function runTasks(options: ProfileRunOptions, desk: WorkerDesk): Promise<ProfileRun> {
  const { wish, context, isSimulated, signal } = options
  const file = openFiguresFile(options.output)
  const boards = await boardsOf(options)
  const driver = await context.device.driver()
  const tasks = profileTasks(wish, { boards, driver, isSimulated })
  const missing = tasks.filter((task) => isMissing(task, file, wish))
  tellKnown(options, file, { tasks, missing })
  const workers = await knownWorkers(options.stateDir)
  const runner: TaskRunner = { ...options, boards, workers, file, desk }
  const leftOut = await withoutRoom(runner, missing, options.leavesOut)
  const todo = missing.filter((task) => !leftOut.some((own) => isSameProfile(own, task)))
  tellTodo(runner, todo)
  for (const task of todo) {
    if (signal.aborted) break
    await runTask(runner, task)
  }
  const isOwn = (table: KeptTable): boolean =>
    tasks.some(
      ({ key, conditions }) =>
        isSameTable(key, table) && table.measured.conditions === conditions.conditions,
    )
  const kind = signal.aborted ? 'interrupted' : 'done'
  return { kind, tables: file.tables().filter(isOwn), leftOut }
}

async function settleLeftover({ context, folder, tell }: ProfileRunOptions): Promise<void> {
  const leftover = await takeBackLeftover(context, folder)
  if (leftover.kind === 'none') return
  const what = `the GPU instance ${leftover.instance.uuid} that an earlier run had made`
  if (leftover.kind === 'taken-back') tell(`Removed ${what}`)
  else throw new ProfileError('stuck', `Cannot remove ${what}: ${leftover.reason}`)
}

async function boardsOf({ context, wish }: ProfileRunOptions): Promise<readonly Board[]> {
  const models = [...new Set(wish.wanted.map(({ gpu }) => gpu))]
  const boards = await boardsHere(context, models)
  const absent = boards.find(({ gpus }) => gpus.length === 0)
  if (absent === undefined) return boards
  const here = (await context.device.gpus()).map(({ index, name }) => `GPU ${index} is ${name}`)
  const found = here.length === 0 ? 'there is no GPU' : here.join(', ')
  throw new ProfileError('refused', `There is no ${absent.model} on this node: ${found}`)
}

function tellKnown(
  { tell, output }: ProfileRunOptions,
  file: FiguresFile,
  { tasks, missing }: Readonly<Record<'tasks' | 'missing', readonly ProfileTask[]>>,
): void {
  const known = tasks.length - missing.length
  if (known > 0) tell(`${output} has ${known} of ${tasks.length} measurements already`)
  const tables = tasks.filter(
    ({ key }, i) => tasks.findIndex((own) => isSameTable(own.key, key)) === i,
  )
  for (const task of tables) {
    const old = file.outdated(task)
    if (old === null) continue
    const what = `${task.key.kind} of ${task.key.model} on ${task.key.gpu}`
    const was = `${old.worker}, ${old.requests}, on ${old.board}, driver ${old.driver}`
    tell(`Measuring ${what} anew: what is there was measured otherwise (${was})`)
    tell(`  and goes to ${output}.old with the first new figure`)
  }
}

/** Warm-up and pauses come on top of the seconds that are asked for. */
const overhead = 1.2

/** What there is to wait for, as far as it can be told before a worker has started. */
function tellTodo({ file, wish, tell }: TaskRunner, tasks: readonly ProfileTask[]): void {
  const serving = tasks.filter(({ key }) => key.kind === 'inference')
  const missing = serving.map((task) => missingServing(file.find(task), wish.serving))
  const batches = missing.reduce((sum, own) => sum + own.batches.length, 0)
  const starts = missing.reduce((sum, own) => sum + Math.max(1, own.starts), 0)
  const retrainings = tasks.length - serving.length
  const { serving: each, retrainingSecondsMax } = wish
  const parts = [
    counted(starts, 'start of its worker', 'starts of its worker'),
    counted(batches, `batch size of ${each.seconds} s`, `batch sizes of ${each.seconds} s`),
    counted(retrainings, 'retraining', 'retrainings'),
  ].filter((part) => part !== null)
  if (parts.length === 0) return
  const seconds = overhead * batches * each.seconds + retrainings * (retrainingSecondsMax ?? 0)
  const time = seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
  const most = retrainings > 0 ? 'at most ' : ''
  tell(`To measure for ${wish.tenant.id}: ${parts.join(', ')}; ${most}${time} and the starts`)
}

function counted(count: number, one: string, many: string): string | null {
  return count === 0 ? null : `${count} ${count === 1 ? one : many}`
}

/** Asked first of all, so that nobody waits an hour for a refusal. */
async function withoutRoom(
  runner: TaskRunner,
  tasks: readonly ProfileTask[],
  leavesOut: boolean,
): Promise<readonly LeftOut[]> {
  const places = tasks.filter((task, i) => tasks.findIndex((own) => isSameProfile(own, task)) === i)
  const leftOut: LeftOut[] = []
  for (const { gpu, profile } of places) {
    const room = await roomFor(runner, { gpu, profile })
    if (room.kind === 'taken') leftOut.push({ gpu, profile, reasons: room.reasons })
  }
  if (leftOut.length === 0) return leftOut
  const lines = leftOut.map(
    ({ gpu, profile, reasons }) => `no room for ${profile} on ${gpu}: ${reasons.join('; ')}`,
  )
  if (leavesOut && leftOut.length < places.length) {
    for (const line of lines) runner.tell(`Left out: ${line}`)
    return leftOut
  }
  const fix = 'stop what runs there; migrator undo or apply frees what is idle; or name --profiles'
  throw new ProfileError(
    'refused',
    `Cannot measure:\n  ${lines.join('\n  ')}\n  fix: ${fix} that have room`,
  )
}
