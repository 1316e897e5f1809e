import type { GpuModel } from './gpu-model.ts'
import type { GpuInstanceProfile } from './profile.ts'

/** Attributes as they stand in names; double-memory 1g has none, only more GB. */
export const nameAttributes = ['+me.all', '+me', '+gfx', '-me'] as const

export type NameAttribute = (typeof nameAttributes)[number]

/**
 * What a MIG profile name says: `3g.20gb`, `1g.5gb+me`, or with a compute instance profile in front
 * `1c.3g.20gb`.
 */
export type ProfileName = {
  /** Null when the name is that of a GPU instance profile. */
  readonly computeInstanceSlices: number | null
  readonly computeSlices: number
  /** The board's GB rounded by the driver, so it differs between drivers: match on profile ids. */
  readonly memoryGb: number
  readonly attribute: NameAttribute | null
}

export type ParseProfileNameResult =
  | { readonly kind: 'parsed'; readonly name: ProfileName }
  | { readonly kind: 'malformed'; readonly expected: string }

const expectedForm = 'a name like 3g.20gb, 1g.10gb+me, 1g.24gb-me or 1c.3g.20gb'
const form = /^(?:([1-9]\d?)c\.)?([1-9]\d?)g\.([1-9]\d{0,3})gb(\+me\.all|\+me|\+gfx|-me)?$/

export function parseProfileName(text: string): ParseProfileNameResult {
  const match = form.exec(text)
  if (match === null) return { kind: 'malformed', expected: expectedForm }
  const [, compute, slices, gb, attribute] = match
  const computeInstanceSlices = compute === undefined ? null : Number(compute)
  if (computeInstanceSlices !== null && computeInstanceSlices > Number(slices)) {
    return { kind: 'malformed', expected: `at most ${slices}c in a ${slices}g GPU instance` }
  }
  return {
    kind: 'parsed',
    name: {
      computeInstanceSlices,
      computeSlices: Number(slices),
      memoryGb: Number(gb),
      attribute: nameAttributes.find((known) => known === attribute) ?? null,
    },
  }
}

/** A compute instance as wide as its GPU instance has no `c` in front, as in `nvidia-smi`. */
export function printProfileName(name: ProfileName): string {
  const { computeInstanceSlices, computeSlices, memoryGb, attribute } = name
  const isPart = computeInstanceSlices !== null && computeInstanceSlices < computeSlices
  const front = isPart ? `${computeInstanceSlices}c.` : ''
  return `${front}${computeSlices}g.${memoryGb}gb${attribute ?? ''}`
}

/** The GPU instance profile of that exact name, or undefined. */
export function findProfileByName(model: GpuModel, name: string): GpuInstanceProfile | undefined {
  return model.profiles.find((profile) => profile.name === name)
}
