import { unreachable } from '../base/assert.ts'
import type { Step } from '../core/mig/transition.ts'
import type { DeviceFailure } from '../devices/device-error.ts'
import type { Applied } from '../reconfigure/apply-targets.ts'
import type { AppliedFile } from '../reconfigure/change-file.ts'
import { type ExplainedRefusal, explainRefusal } from '../reconfigure/explain-refusal.ts'
import type { NodeNames } from '../reconfigure/node-names.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

/** How a change ended, for people, programs and shells. */
export type AppliedReport = {
  readonly code: ExitCode
  /** One line each. */
  readonly lines: readonly string[]
  readonly json: Readonly<Record<string, unknown>>
}

export function appliedReport(applied: AppliedFile, names: NodeNames): AppliedReport {
  switch (applied.kind) {
    case 'done':
      return told(applied, exitCodes.done, [`Done: ${stepCount(applied.steps)}`])
    case 'nothing-to-do':
      return told(applied, exitCodes.done, ['Nothing to do: the layouts are there already'])
    case 'would-apply':
      return wouldApply(applied, names)
    case 'refused':
      return refusedReport(
        applied.refusals.map((own) => ({
          kind: own.kind,
          gpu: own.gpu,
          ...('pids' in own ? { pids: own.pids } : {}),
          ...explainRefusal(own, names),
        })),
      )
    case 'interrupted': {
      const { steps, stepsDone } = applied
      return told(applied, exitCodes.interrupted, [
        `Interrupted after ${stepsDone} of ${stepCount(steps)}; nothing is half done`,
        '  migrator undo goes back; the same apply again goes on',
      ])
    }
    case 'failed':
      return failed(applied, names)
    default:
      return fileRefused(applied)
  }
}

/** Nothing was begun, for these reasons. */
export function refusedReport(refusals: readonly ExplainedRefusal[]): AppliedReport {
  const lines = refusals.flatMap(({ what, fix }) => [`Refused: ${what}`, `  fix: ${fix}`])
  return { code: exitCodes.refused, lines, json: { kind: 'refused', refusals } }
}

/** `create 3g.40gb at 4 on GPU 0`. */
export function stepText(gpu: string, { kind, placed }: Step, names: NodeNames): string {
  return `${kind} ${placed.profile.name} at ${placed.start} on ${names.gpu(gpu)}`
}

type Kind<K> = Extract<AppliedFile, { readonly kind: K }>

function fileRefused(
  applied: Kind<'expired'> | Kind<'clock-set-back'> | Kind<'drifted'>,
): AppliedReport {
  const again = '  fix: make it again: migrator plan -o FILE'
  switch (applied.kind) {
    case 'expired':
      return told(applied, exitCodes.refused, [
        `Refused: the file expired ${Math.ceil(applied.sinceSeconds)} s ago`,
        again,
      ])
    case 'clock-set-back':
      return told(applied, exitCodes.refused, [
        `Refused: the file is from ${Math.ceil(applied.bySeconds)} s ahead of this machine's clock`,
        `${again}, once the clock is right`,
      ])
    case 'drifted':
      return told(applied, exitCodes.refused, [
        `Refused: the GPUs have changed since the file was made (state hash ${applied.found}, ` +
          `not ${applied.expected})`,
        again,
      ])
    default:
      return unreachable(applied)
  }
}

function wouldApply({ steps, gpus }: Kind<'would-apply'>, names: NodeNames): AppliedReport {
  const list = gpus.flatMap(({ gpu, steps: own }) =>
    own.map(({ kind, placed }) => {
      const { profileId, name, size } = placed.profile
      return { gpu, kind, name, profileId, placement: { start: placed.start, size } }
    }),
  )
  const lines = gpus.flatMap(({ gpu, steps: own }) =>
    own.map((step) => `  would ${stepText(gpu, step, names)}`),
  )
  const json = { kind: 'would-apply', steps: list }
  return { code: exitCodes.done, lines: [`Dry run, ${stepCount(steps)}:`, ...lines], json }
}

/** What a driver refuses before anything was done is a refusal, whoever found out first. */
const refusingCodes: readonly DeviceFailure['code'][] = [
  'NVML_ERROR_NO_PERMISSION',
  'NVML_ERROR_IN_USE',
]

function failed(applied: Extract<Applied, { kind: 'failed' }>, names: NodeNames): AppliedReport {
  const { failures, stepsDone, result } = applied
  const told = failures.map((own) => `Failed: cannot ${failureText(own, names)}`)
  const isRefusal =
    stepsDone === 0 &&
    result === 'rolled-back' &&
    failures.every(({ code }) => refusingCodes.includes(code))
  if (result === 'stuck') {
    const lines = [
      ...told,
      'It could not be taken back either; what is unfinished is marked in migrator status',
      '  once the cause is gone, run: migrator undo',
    ]
    return { code: exitCodes.needsHuman, lines, json: applied }
  }
  const after = isRefusal ? 'Nothing was changed' : 'The GPUs are as they were before'
  const code = isRefusal ? exitCodes.refused : exitCodes.rolledBack
  return { code, lines: [...told, after], json: applied }
}

function failureText({ action, state, pids = [], code }: DeviceFailure, names: NodeNames): string {
  const held = pids.length === 0 ? '' : `, held by pid ${pids.join(', ')}`
  const found = names.gpus.find(({ uuid }) => action.includes(uuid))
  const short = found === undefined ? action : action.replaceAll(found.uuid, `GPU ${found.index}`)
  return `${short}: ${state}${held} (${code})`
}

function told(applied: AppliedFile, code: ExitCode, lines: readonly string[]): AppliedReport {
  return { code, lines, json: applied }
}

function stepCount(steps: number): string {
  return steps === 1 ? '1 step' : `${steps} steps`
}
