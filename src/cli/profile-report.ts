import { basename } from 'node:path'
import { findGpuModel } from '../core/mig/catalog.ts'
import { median } from '../observe/statistics.ts'
import { textTable } from '../observe/text-table.ts'
import { count, duration } from '../observe/units.ts'
import type { KeptTable, MeasuredProfile } from '../runtime/profile/measured-table.ts'
import type { ProfileRun } from '../runtime/profile/run-profile.ts'

type Row = {
  readonly gpu: string
  readonly profile: string
  readonly batch: string
  readonly rate: string
  readonly median: string
  readonly p95: string
  readonly ready: string
  readonly memory: string
}

/** What is in the file of this tenant, for people. */
export function profileText(run: ProfileRun, output: string): string {
  const parts = run.tables.flatMap((table) => {
    const profiles = profilesOf(table)
    const rows = profiles.flatMap(([name, own]) => rowsOf(table, name, own))
    if (rows.length === 0) return []
    const reasons = profiles.flatMap(([name, own]) => reasonsOf(name, own))
    const text = [...titleOf(table), textTable(columnsOf(table), rows), ...reasons]
    return [text.join('\n')]
  })
  const left = run.leftOut.map(
    ({ gpu, profile, reasons }) => `Left out: ${profile} on ${gpu}: ${reasons.join('; ')}`,
  )
  return [...parts, ...left, lastLines(run, output).join('\n')].join('\n\n')
}

function lastLines({ kind, tables }: ProfileRun, output: string): readonly string[] {
  const isSimulated = tables.some(({ measured }) => measured.device === 'simulated')
  const note = 'Measured on a simulated device: these are no figures of a GPU.'
  return [
    ...(isSimulated ? [note] : []),
    ...tables.flatMap(memoryHint),
    kind === 'interrupted'
      ? `Interrupted: ${output} keeps what is above; the same command goes on`
      : `Written to ${output}; a site file uses it by profiles: [./${basename(output)}]`,
  ]
}

/** The same for programs. */
export function profileJson(
  run: ProfileRun,
  more: { readonly tenant: string; readonly file: string },
): Readonly<Record<string, unknown>> {
  return { ...more, kind: run.kind, tables: run.tables, leftOut: run.leftOut }
}

/** Figures say what runs where; what a worker needs is the site file's to say. */
function memoryHint({ kind, model, measured }: KeptTable): readonly string[] {
  const told = Object.values(measured.profiles).flatMap(({ memoryMiB }) => memoryMiB ?? [])
  if (told.length === 0) return []
  const key = kind === 'inference' ? 'inference' : 'retraining'
  const most = Math.ceil(Math.max(...told))
  return [`${model} took up to ${count(most)} MiB: memory: { ${key}: ${most}MiB } in the site file`]
}

function titleOf({ kind, model, gpu, measured }: KeptTable): readonly string[] {
  const what = kind === 'inference' ? 'Serving' : 'Retraining'
  const { board, driver, worker, requests } = measured
  return [`${what} ${model} on ${gpu} (${board}, driver ${driver})`, `${worker}; ${requests}`]
}

/** The smallest first. */
function profilesOf({ gpu, measured }: KeptTable): readonly (readonly [string, MeasuredProfile])[] {
  const order = (findGpuModel(gpu)?.profiles ?? []).map(({ name }) => name)
  return Object.entries(measured.profiles).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
}

function rowsOf(
  { kind, gpu, batch }: KeptTable,
  profile: string,
  { startSeconds, memoryMiB, batches, retraining }: MeasuredProfile,
): readonly Row[] {
  const ready = startSeconds.length === 0 ? '–' : duration(median(startSeconds))
  const memory = memoryMiB === null ? '–' : `${count(memoryMiB)} MiB`
  const common = { gpu, profile, ready, memory }
  if (kind === 'training') {
    if (retraining === null) return []
    const { outcome } = retraining
    if ('didNotRun' in outcome) return [{ ...common, ...without, batch: String(batch) }]
    const { samplesPerSecond, seconds } = outcome
    const told = { rate: rateText(samplesPerSecond), median: duration(seconds), p95: '' }
    return [{ ...common, ...told, batch: String(batch) }]
  }
  const lastRan = batches.findLastIndex(({ outcome }) => !('didNotRun' in outcome))
  return batches.slice(0, lastRan + 2).map(({ items, outcome }, i): Row => {
    const own = i === 0 ? common : { gpu, profile: '', ready: '', memory: '' }
    if ('didNotRun' in outcome) {
      const last = i > lastRan ? (batches.at(-1)?.items ?? items) : items
      const batch = last === items ? String(items) : `${items}-${last}`
      return { ...own, ...without, batch }
    }
    const { perSecond, medianSeconds, p95Seconds } = outcome
    return {
      ...own,
      batch: String(items),
      rate: rateText(perSecond),
      median: duration(medianSeconds),
      p95: duration(p95Seconds),
    }
  })
}

const without = { rate: 'did not run', median: '', p95: '' }

function reasonsOf(profile: string, { batches, retraining }: MeasuredProfile): readonly string[] {
  const first = batches.find(({ outcome }) => 'didNotRun' in outcome)
  const serving = first === undefined ? [] : [{ what: `batch ${first.items}`, own: first.outcome }]
  const training = retraining === null ? [] : [{ what: 'retraining', own: retraining.outcome }]
  return [...serving, ...training].flatMap(({ what, own }) =>
    'didNotRun' in own ? [`  ${profile} ${what}: ${own.didNotRun}`] : [],
  )
}

function rateText(perSecond: number): string {
  return perSecond < 100 ? perSecond.toPrecision(3) : count(perSecond)
}

function columnsOf({ kind, measured }: KeptTable) {
  const isServing = kind === 'inference'
  const tellsMemory = Object.values(measured.profiles).some(({ memoryMiB }) => memoryMiB !== null)
  const right = 'right' as const
  return [
    { title: 'profile', align: 'left' as const, cell: (row: Row) => row.profile },
    { title: 'batch', align: right, cell: (row: Row) => row.batch },
    { title: isServing ? 'items/s' : 'samples/s', align: right, cell: (row: Row) => row.rate },
    { title: isServing ? 'median' : 'whole', align: right, cell: (row: Row) => row.median },
    ...(isServing ? [{ title: 'p95', align: right, cell: (row: Row) => row.p95 }] : []),
    { title: isServing ? 'ready' : 'first step', align: right, cell: (row: Row) => row.ready },
    ...(tellsMemory ? [{ title: 'memory', align: right, cell: (row: Row) => row.memory }] : []),
  ]
}
