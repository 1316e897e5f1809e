import { must } from '../src/base/assert.ts'
import { findGpuModel } from '../src/core/mig/catalog.ts'
import type { GpuModel } from '../src/core/mig/gpu-model.ts'
import { enumerateLayouts, isMaximal, type Layout } from '../src/core/mig/layout.ts'
import { baseProfileIds } from '../src/core/mig/placement.ts'
import type { Device } from '../src/devices/device.ts'
import { createSimulatedDevice } from '../src/devices/simulated/device.ts'
import { newNode, type SimulatedNode } from '../src/devices/simulated/node.ts'
import { memoryStore, type SimulatedStore } from '../src/devices/simulated/store.ts'
import { disagreements } from '../src/reconfigure/agreement.ts'
import { openBook } from '../src/reconfigure/book.ts'
import {
  type ChangeOutcome,
  carryOut,
  planChange,
  type Wanted,
  wantedOf,
} from '../src/reconfigure/change-layout.ts'
import type { Context } from '../src/reconfigure/context.ts'
import type { Entry, Journal } from '../src/reconfigure/journal.ts'
import { memoryJournal } from '../src/reconfigure/journal.ts'
import { ledgerOf } from '../src/reconfigure/ledger.ts'
import type { Patience } from '../src/reconfigure/persist.ts'

/** A simulated node under test that programs come and go on; nothing takes any time. */
export type Bench = {
  readonly model: GpuModel
  readonly store: SimulatedStore
  readonly device: Device
  readonly gpus: readonly string[]
  /** Entries that were written so far, by whichever program. */
  readonly entries: Entry[]
  /** What a program that starts now works with. */
  readonly start: (limits?: Limits) => Context
  readonly change: (next: (node: SimulatedNode) => SimulatedNode) => Promise<void>
  readonly disagreements: (foreign?: readonly Wanted[]) => Promise<readonly string[]>
}

/** Ends the program at the n-th entry, before or after it is on the disk. */
export type Limits = {
  readonly crash?: { readonly entry: number; readonly when: 'before' | 'after' }
  /** From the n-th entry on so many cannot be written, and the program goes on. */
  readonly fullDisk?: { readonly entry: number; readonly count: number }
  readonly patience?: Patience
}

/** As if the process had been killed: nothing catches it. */
export class Killed extends Error {
  override readonly name = 'Killed'
}

/** As the journal's error for a disk that takes no more. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull'
}

export const quickPatience: Patience = {
  busyTries: 3,
  busyPauseSeconds: 0.1,
  backOffTries: 2,
  backOffSeconds: 0.1,
}

/** `beside` puts it on the GPUs of another bench, with a journal of its own. */
export async function reconfigureBench(
  modelId: string,
  count = 1,
  beside?: Pick<Bench, 'store'>,
): Promise<Bench> {
  const model = must(findGpuModel(modelId))
  const store = beside?.store ?? memoryStore(newNode(Array.from({ length: count }, () => model)))
  const device = createSimulatedDevice({ store, sleep: async () => undefined })
  const gpus = (await device.gpus()).map(({ uuid }) => uuid)
  const entries: Entry[] = []
  return {
    model,
    store,
    device,
    gpus,
    entries,
    start: ({ crash, fullDisk, patience = quickPatience } = {}) => {
      const sound = sharing(entries)
      const limited = fullDisk === undefined ? sound : refusing(sound, fullDisk)
      const journal = crash === undefined ? limited : killing(limited, crash)
      return { device, book: openBook(journal), sleep: async () => undefined, patience }
    },
    change: (next) => store.update((node) => ({ node: next(node), value: undefined })),
    disagreements: async (foreign = []) => {
      const node = await store.read()
      return node.gpus.flatMap(({ uuid, instances }) => {
        const theirs = instances.filter((own) =>
          foreign.some(
            ({ profileId, placement }) =>
              own.profileId === profileId && own.placement.start === placement.start,
          ),
        )
        const lost = foreign.length - theirs.length
        const told = disagreements(ledgerOf(entries), uuid, instances, theirs)
        return lost > 0 ? [...told, `${lost} of somebody's instances were destroyed`] : told
      })
    },
  }
}

/** To that layout on every GPU, by whatever steps it takes. */
export async function changeTo(context: Context, layout: Layout): Promise<ChangeOutcome> {
  const gpus = await context.device.gpus()
  const targets = gpus.map(({ uuid }) => ({ gpu: uuid, wanted: wantedOf(layout) }))
  const planned = await planChange(context, targets)
  if (planned.kind === 'refused') throw new Error(JSON.stringify(planned.refusals))
  return carryOut(context, planned.gpus, { why: 'test' })
}

export function maximalLayouts(model: GpuModel): readonly Layout[] {
  const ids = baseProfileIds(model)
  return enumerateLayouts(model, ids).filter((layout) => isMaximal(layout, ids))
}

/** `profile@start` of everything on the first GPU. */
export async function layoutOn({ device, gpus }: Bench): Promise<readonly string[]> {
  const instances = await device.gpuInstances(must(gpus[0]))
  return instances.map(({ profileId, placement }) => `${profileId}@${placement.start}`)
}

export function layoutNames(layout: Layout): readonly string[] {
  return layout.placed.map(({ profile, start }) => `${profile.profileId}@${start}`)
}

function sharing(entries: Entry[]): Journal {
  return { ...memoryJournal(), append: (entry) => void entries.push(entry), entries: () => entries }
}

function refusing(journal: Journal, { entry, count }: NonNullable<Limits['fullDisk']>): Journal {
  let made = 0
  return {
    ...journal,
    append: (own) => {
      made += 1
      if (made >= entry && made < entry + count) throw new DiskFull()
      journal.append(own)
    },
  }
}

function killing(journal: Journal, crash: NonNullable<Limits['crash']>): Journal {
  let left = crash.entry
  let isDead = false
  return {
    ...journal,
    append: (entry) => {
      // A dead process writes nothing more, whatever else of it was under way.
      if (isDead) throw new Killed()
      left -= 1
      isDead = left <= 0
      if (!isDead || crash.when === 'after') journal.append(entry)
      if (isDead) throw new Killed()
    },
  }
}
