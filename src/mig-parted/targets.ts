import type { Layout } from '../core/mig/layout.ts'
import type { MigPartedEntry, MigPartedFile } from './mig-parted-file.ts'
import { countsOf, placeCounts } from './place-counts.ts'

/** A GPU that a file may be about, and what is on it now. */
export type KnownGpu = {
  readonly index: number
  readonly gpu: string
  /** `0x20B010DE`, or null where there is none: filters then do not concern it. */
  readonly pciDeviceId: string | null
  readonly layout: Layout
}

export type MigPartedTarget = {
  readonly gpu: string
  readonly migEnabled: boolean
  /** What the GPU is to have; empty where MIG is to be disabled. */
  readonly layout: Layout | null
}

export type TargetsResult =
  | { readonly kind: 'targets'; readonly targets: readonly MigPartedTarget[] }
  | { readonly kind: 'no-such-config'; readonly known: readonly string[] }
  | { readonly kind: 'no-such-profile'; readonly gpu: string; readonly name: string }
  | { readonly kind: 'does-not-fit'; readonly gpu: string }

/**
 * What a configuration of the file asks of these GPUs. GPUs that no entry is about are left as they
 * are; where several are about one, the last decides, as in mig-parted.
 */
export function targetsOf(
  file: MigPartedFile,
  name: string,
  gpus: readonly KnownGpu[],
): TargetsResult {
  const entries = file.configs.get(name)
  if (entries === undefined) return { kind: 'no-such-config', known: [...file.configs.keys()] }
  const targets: MigPartedTarget[] = []
  for (const own of gpus) {
    const entry = entries.findLast((candidate) => isAbout(candidate, own))
    if (entry === undefined) continue
    const { gpu } = own
    if (!entry.migEnabled) {
      targets.push({ gpu, migEnabled: false, layout: null })
      continue
    }
    const placed = placeCounts(own.layout, entry.migDevices)
    if (placed.kind === 'no-such-profile') return { ...placed, gpu }
    if (placed.kind === 'does-not-fit') return { kind: 'does-not-fit', gpu }
    targets.push({ gpu, migEnabled: true, layout: placed.layout })
  }
  return { kind: 'targets', targets }
}

/** What is there now as a configuration of that name. GPUs that are alike share an entry. */
export function exportLayouts(
  name: string,
  gpus: readonly { readonly index: number; readonly layout: Layout | null }[],
): MigPartedFile {
  const entries = new Map<string, MigPartedEntry>()
  for (const { index, layout } of gpus) {
    const migDevices: ReadonlyMap<string, number> = layout === null ? new Map() : countsOf(layout)
    const key = layout === null ? 'disabled' : JSON.stringify([...migDevices])
    const devices = [...devicesOf(entries.get(key)), index]
    entries.set(key, { deviceFilter: null, devices, migEnabled: layout !== null, migDevices })
  }
  return { version: 'v1', configs: new Map([[name, [...entries.values()]]]) }
}

function devicesOf(entry: MigPartedEntry | undefined): readonly number[] {
  return entry === undefined || entry.devices === 'all' ? [] : entry.devices
}

function isAbout({ devices, deviceFilter }: MigPartedEntry, gpu: KnownGpu): boolean {
  const isListed = devices === 'all' || devices.includes(gpu.index)
  const { pciDeviceId } = gpu
  const isOfKind =
    deviceFilter === null ||
    pciDeviceId === null ||
    deviceFilter.some((id) => id.toLowerCase() === pciDeviceId.toLowerCase())
  return isListed && isOfKind
}
