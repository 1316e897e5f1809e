import { must } from '../../base/assert.ts'
import { findGpuModel } from '../../core/mig/catalog.ts'
import type { GpuInstanceProfile } from '../../core/mig/profile.ts'
import type { ProfileTable } from '../schema/profile-schema.ts'
import type { MemoryFact, ProfileKind } from './profile-library.ts'

/**
 * How much more than was seen in use is allowed for, because what was seen is a mean. Inference
 * keeps what its first batches took, so a quarter is enough. Training peaks higher: MoCo at batch
 * 16 did not run on 4864 MiB, 1.39 times what MIGPerf saw it use where it ran.
 */
const marginOf = { inference: 1.25, training: 1.5 } as const satisfies Record<ProfileKind, number>

/**
 * What a worker's CUDA context takes for each compute slice, MiB: with each slice, one worker's use
 * grows by 55 to 89 in MIGPerf's figures.
 */
const contextMiBPerSlice = 90

/** What a table says about memory: what was used, who ran together, and what ran at all. */
export function memoryFactsOf(table: ProfileTable, isOwn: boolean): readonly MemoryFact[] {
  const { gpu, batches, perSecond, memoryMiB, together } = table
  const facts = (
    saw: MemoryFact['saw'],
    amounts: Readonly<Record<string, readonly (number | null)[]>>,
  ): readonly MemoryFact[] =>
    Object.entries(amounts).flatMap(([profile, list]) =>
      list.flatMap((amount, i) =>
        amount === null ? [] : [{ isOwn, gpu, profile, items: must(batches[i]), saw, amount }],
      ),
    )
  const alone = Object.fromEntries(
    Object.entries(perSecond).map(([profile, rates]) => [
      profile,
      rates.map((rate) => (typeof rate === 'number' ? 1 : null)),
    ]),
  )
  return [
    ...facts('used', memoryMiB ?? {}),
    ...facts('together', together ?? {}),
    ...facts('together', alone),
  ]
}

/**
 * At most what a worker takes on a profile with batches of up to so many items, MiB: the least that
 * an observation at such a batch or a larger one allows; null where there is none. A person's own
 * observations, if there are any, are the only ones that count.
 */
export function memoryMiBMax(
  facts: readonly MemoryFact[],
  kind: ProfileKind,
  wanted: { readonly gpu: string; readonly profile: string; readonly items: number },
): number | null {
  const own = facts.filter(({ isOwn }) => isOwn)
  const target = profileOf(wanted)
  const bounds = (own.length === 0 ? facts : own).flatMap((fact) =>
    fact.items < wanted.items ? [] : (boundOf(fact, kind, target) ?? []),
  )
  return bounds.length === 0 ? null : Math.ceil(Math.min(...bounds))
}

/** Workers that ran together shared a context (MPS), which each has to itself elsewhere. */
function boundOf(fact: MemoryFact, kind: ProfileKind, target: GpuInstanceProfile): number | null {
  const seen = profileOf(fact)
  const further = Math.max(0, target.computeSlices - seen.computeSlices)
  if (fact.saw === 'used') return fact.amount * marginOf[kind] + contextMiBPerSlice * further
  if (seen.memoryMiB === undefined) return null
  const contextSlices = fact.amount > 1 ? target.computeSlices : further
  return seen.memoryMiB / fact.amount + contextMiBPerSlice * contextSlices
}

function profileOf({ gpu, profile }: { readonly gpu: string; readonly profile: string }) {
  return must(must(findGpuModel(gpu)).profiles.find(({ name }) => name === profile))
}
