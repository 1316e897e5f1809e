import { must } from '../../base/assert.ts'
import type { ProfileFile, ProfileTable } from '../../config/schema/profile-schema.ts'
import { findGpuModel } from '../../core/mig/catalog.ts'
import { median } from '../../observe/statistics.ts'
import type { KeptTable, MeasuredProfile } from './measured-table.ts'

/** Figures as a site reads them (data/profiles/README.md), with what is known of their making. */
export function figuresDocument(tables: readonly KeptTable[]): ProfileFile {
  const readable = tables.map(tableOf).filter((table) => table !== null)
  const isSimulated = tables.some(({ measured }) => measured.device === 'simulated')
  return {
    version: 1,
    source: sourceOf(tables),
    ...(isSimulated ? { notes: [simulatedNote(tables)] } : {}),
    tables: readable,
  }
}

/** Whether a file can hold it: a table has one batch at least. */
export function hasRates(table: KeptTable): boolean {
  return tableOf(table) !== null
}

function sourceOf(tables: readonly KeptTable[]): string {
  const told = tables.map(({ measured }) => {
    const days = Object.values(measured.profiles).flatMap(datesOf).sort()
    const when = (days.at(-1) ?? '').slice(0, 10)
    const where =
      measured.device === 'simulated'
        ? `on a simulated device (${measured.board}), ${workersText(measured.worker)}`
        : `on ${measured.board}, driver ${measured.driver}`
    return `measured by migrator profile ${where}, ${when}`
  })
  return [...new Set(told)].join('; ')
}

function workersText(worker: string): string {
  return worker === 'reference worker' ? 'reference workers' : 'workers on whatever was there'
}

function simulatedNote(tables: readonly KeptTable[]): string {
  const isPaced = tables.some(({ measured }) => measured.worker === 'reference worker')
  const pace = isPaced ? ', and reference workers keep a pace that they were given' : ''
  return `measured: on a simulated device${pace}: no figures of a GPU`
}

/** Null while it has no batch: a table has one at least. */
function tableOf({ kind, model, gpu, batch, measured }: KeptTable): ProfileTable | null {
  const order = (findGpuModel(gpu)?.profiles ?? []).map(({ name }) => name)
  const entries = Object.entries(measured.profiles).sort(
    ([a], [b]) => order.indexOf(a) - order.indexOf(b),
  )
  const items = entries.flatMap(([, own]) => own.batches.map((each) => each.items))
  const batches = batch === null ? [...new Set(items)].sort((a, b) => a - b) : [batch]
  const rates = entries.map(
    ([name, own]) =>
      [name, batch === null ? servingRates(own, batches) : trainingRates(own)] as const,
  )
  const known = rates.filter(([, own]) => own.some((rate) => rate !== null))
  if (known.length === 0) return null
  const starts = entries.flatMap(([, { startSeconds }]) =>
    startSeconds.length === 0 ? [] : [median(startSeconds)],
  )
  return {
    kind,
    model,
    gpu,
    // One figure stands for every profile, so it is that of the slowest.
    ...(starts.length === 0
      ? {}
      : { startSeconds: rounded(Math.max(...starts)), startBasis: 'measured' }),
    batches,
    perSecond: Object.fromEntries(known),
    measured: { ...measured, profiles: Object.fromEntries(entries.map(shortened)) },
  }
}

type Rate = ProfileTable['perSecond'][string][number]

function servingRates({ batches }: MeasuredProfile, sizes: readonly number[]): Rate[] {
  return sizes.map((size): Rate => {
    const outcome = batches.find(({ items }) => items === size)?.outcome
    if (outcome === undefined) return null
    return 'didNotRun' in outcome ? 'did-not-run' : rounded(outcome.perSecond)
  })
}

function trainingRates({ retraining }: MeasuredProfile): Rate[] {
  if (retraining === null) return [null]
  const { outcome } = retraining
  return ['didNotRun' in outcome ? 'did-not-run' : rounded(outcome.samplesPerSecond)]
}

function datesOf({ batches, retraining }: MeasuredProfile): readonly string[] {
  return [...batches.map(({ date }) => date), ...(retraining === null ? [] : [retraining.date])]
}

/** Five digits are more than a measurement holds. */
function rounded(value: number): number {
  return Number(value.toPrecision(5))
}

function shortened([name, own]: readonly [string, MeasuredProfile]) {
  const text = JSON.stringify(own, (_, value: unknown) =>
    typeof value === 'number' ? rounded(value) : value,
  )
  return [must(name), JSON.parse(text) as MeasuredProfile] as const
}
