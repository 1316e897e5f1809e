import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { must } from '../base/assert.ts'
import type { Device } from '../devices/device.ts'
import {
  type ChangeFile,
  type FileGpu,
  type FileInstance,
  makeChange,
} from '../reconfigure/change-file.ts'
import type { ExplainedRefusal } from '../reconfigure/explain-refusal.ts'
import { explainRefusal } from '../reconfigure/explain-refusal.ts'
import { matchGpus, type NodeGpu } from '../reconfigure/match-gpus.ts'
import type { NodeNames } from '../reconfigure/node-names.ts'
import { planLayouts } from '../reconfigure/plan-layouts.ts'
import { clock } from '../runtime/node/open-node.ts'
import { refusedReport } from './applied-report.ts'
import { exitCodes } from './exit-codes.ts'
import { foreseeing, type NodeView } from './node-access.ts'
import { type NodeOptions, readNodeOptions, withNodeOptions } from './node-options.ts'
import { type OutputFormat, outputFormats, writeFileWhole } from './output.ts'
import type { PlannedWindow } from './plan-window.ts'
import { UsageError } from './usage-error.ts'

/** `-o` names a format, a file to save the plan in, or, given twice, both. */
export type PlanOutput = { readonly format: OutputFormat; readonly file: string | null }

export type SaveOptions = NodeOptions & {
  readonly output: PlanOutput
  readonly expires?: number
  readonly detailedExitcode?: boolean
}

export const saveHelp = `
-o plan.json saves the layout that the plan begins with, as a change of this node's GPUs from what
is there now: migrator apply carries it out while nothing on them has changed and it has not
expired. What the plan does later is in the file for people; it takes a daemon that moves work.

Example:
  migrator plan --window 2 --explain
  migrator plan -o plan.json && migrator apply plan.json`

export function withSaveOptions(command: Command): Command {
  return withNodeOptions(command)
    .addOption(
      new Option('-o, --output <format or file>', 'table, json or yaml; FILE.json saves the plan')
        .argParser(parseOutput)
        .default({ format: 'table', file: null }, 'table')
        .env('MIGRATOR_OUTPUT'),
    )
    .addOption(
      new Option(
        '--expires <seconds>',
        "how long the saved plan may be applied (default: the window's length)",
      ).argParser(parseExpiry),
    )
    .option('--detailed-exitcode', 'exit code 2 where the plan would change the GPUs')
}

/** What the plan means for the GPUs of this node. */
export type Pending = {
  /** For `planJson`'s value to be spread with. */
  readonly json: Readonly<Record<string, unknown>>
  /** To stand under `planText`. */
  readonly text: string
}

/**
 * Holds the plan against the node where the options ask for it, saves it, and sets the exit code;
 * null where they do not.
 */
export async function pendingOnNode(
  { problem, outcome }: Pick<PlannedWindow, 'problem' | 'outcome'>,
  options: SaveOptions & { readonly siteName: string },
): Promise<Pending | null> {
  const { output, detailedExitcode, siteName } = options
  if (output.file === null && detailedExitcode !== true) return null
  if (outcome.status === 'infeasible') return null
  const { plan } = outcome
  if (plan.mechanism === 'mps') {
    throw new UsageError(`Cannot save a plan of ${plan.policy}: it shares GPUs by MPS, not by MIG`)
  }
  const seconds = plan.endSeconds - plan.startSeconds
  const why = `window ${problem.windowIndex} of ${siteName}, policy ${plan.policy}`
  return foreseeing(readNodeOptions(options), async (view) => {
    const models = problem.gpus.map(({ model }) => model)
    const matched = matchGpus(models, await nodeGpus(view.context.device))
    if (matched.kind === 'missing') return refused([noSuchBoard(matched.model.name, view.names)])
    const layouts = planLayouts(plan, models)
    const targets = matched.gpus.map((gpu, i) => ({ gpu, wanted: must(layouts.first[i]) }))
    const made = await makeChange(view.context, targets, {
      why,
      node: hostname(),
      nowSeconds: clock(),
      validSeconds: options.expires ?? seconds,
      later: layouts.later.map((step) => ({ ...step, gpu: must(matched.gpus[step.gpu]) })),
    })
    if (made.kind === 'refused') {
      return refused(made.refusals.map((own) => explainRefusal(own, view.names)))
    }
    return pending(made.file, view, options)
  })
}

function pending(file: ChangeFile, { names }: NodeView, options: SaveOptions): Pending {
  const { output, detailedExitcode } = options
  const steps = file.gpus.reduce((sum, gpu) => sum + gpu.steps.length, 0)
  if (output.file !== null) {
    writeFileWhole(output.file, `${JSON.stringify(file, null, 2)}\n`)
    const validSeconds = Math.round(file.expiresAtSeconds - file.madeAtSeconds)
    process.stderr.write(
      `Saved ${resolve(output.file)}: valid while state hash ${file.stateHash} holds, ` +
        `expires in ${validSeconds} s. Next: migrator apply ${output.file}\n`,
    )
  }
  if (detailedExitcode === true && steps > 0) process.exitCode = exitCodes.changesPending
  return { json: { change: file }, text: changeText(file, names) }
}

function refused(refusals: readonly ExplainedRefusal[]): Pending {
  const { lines, json, code } = refusedReport(refusals)
  process.exitCode = code
  process.stderr.write(`${lines.join('\n')}\n`)
  return { json: { change: null, ...json }, text: 'Not saved.' }
}

/** `+` is created, `-` destroyed, `=` kept. */
function changeText({ gpus, later }: ChangeFile, names: NodeNames): string {
  const blocks = gpus.map((gpu) => {
    const rows = [...gpu.from.flatMap((own) => rowFrom(gpu, own)), ...gpu.to.map(rowTo(gpu))]
    const body = rows.length === 0 ? ['    nothing'] : rows
    return [`  ${names.gpu(gpu.gpu)}  ${gpu.name}`, ...body].join('\n')
  })
  const all = gpus.flatMap(({ steps }) => steps)
  const creates = all.filter(({ kind }) => kind === 'create').length
  const sum = `${creates} to create, ${all.length - creates} to destroy, 0 mode changes`
  const [next] = later
  const after =
    next === undefined ? '' : ` The plan goes on after ${next.afterSeconds} s: not part of apply.`
  return ['The first layout on this node:', ...blocks, `Plan: ${sum}.${after}`].join('\n')
}

function rowFrom({ to }: FileGpu, own: FileInstance): readonly string[] {
  return to.some((other) => isSame(other, own)) ? [] : [`    - ${placed(own)}`]
}

function rowTo({ from }: FileGpu): (own: FileGpu['to'][number]) => string {
  return (own) => {
    const mark = from.some((other) => isSame(other, own)) ? '=' : '+'
    return `    ${mark} ${placed(own)}  ${own.holder ?? ''}`.trimEnd()
  }
}

function placed({ name, placement }: FileInstance): string {
  return `${name.padEnd(10)} at ${String(placement.start).padStart(2)}`
}

function isSame(a: FileInstance, b: FileInstance): boolean {
  return a.profileId === b.profileId && a.placement.start === b.placement.start
}

async function nodeGpus(device: Device): Promise<readonly NodeGpu[]> {
  const gpus = await device.gpus()
  return Promise.all(
    gpus.map(async (gpu) => {
      return { gpu, profiles: await device.gpuInstanceProfiles(gpu.uuid).catch(() => []) }
    }),
  )
}

function noSuchBoard(name: string, { gpus }: NodeNames): ExplainedRefusal {
  const here = gpus.map((gpu) => gpu.name).join(', ') || 'none'
  return {
    what: `the site plans for ${name}, and this node has no (further) one of them`,
    fix: `GPUs here: ${here}; name them in the site, or another node with --device`,
  }
}

function parseOutput(text: string, before: PlanOutput): PlanOutput {
  const format = outputFormats.find((own) => own === text)
  if (format !== undefined) return { ...before, format }
  if (text.endsWith('.json')) return { ...before, file: text }
  throw new InvalidArgumentError(`accepted are ${outputFormats.join(', ')} and FILE.json`)
}

function parseExpiry(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && Number.isFinite(seconds)) return seconds
  throw new InvalidArgumentError('accepted are seconds above 0')
}
