import { assert } from '../../base/assert.ts'

/** One field of a C struct: its offset in bytes, and for text the size of its buffer. */
type Field =
  | { readonly kind: 'u32' | 'u64' | 'pointer'; readonly offset: number }
  | { readonly kind: 'text'; readonly offset: number; readonly length: number }

export type Struct = {
  readonly size: number
  readonly fields: Readonly<Record<string, Field>>
  /** The number in its `version` word; NVML packs it with the size. */
  readonly version?: number
}

const u32 = (offset: number) => ({ kind: 'u32', offset }) as const
const u64 = (offset: number) => ({ kind: 'u64', offset }) as const
const pointer = (offset: number) => ({ kind: 'pointer', offset }) as const
const text = (offset: number, length: number) => ({ kind: 'text', offset, length }) as const

/**
 * NVML's structs on x86-64 and arm64, sizes and offsets in bytes, under the names of NVIDIA's
 * nvml.h (test/contract/device-nvml-abi.test.ts holds them against a C compiler's view of it). Only
 * fields that are read or written are listed.
 */
export const structs = {
  nvmlGpuInstancePlacement_t: { size: 8, fields: { start: u32(0), size: u32(4) } },
  nvmlComputeInstancePlacement_t: { size: 8, fields: { start: u32(0), size: u32(4) } },
  nvmlGpuInstanceProfileInfo_t: {
    size: 48,
    fields: {
      id: u32(0),
      sliceCount: u32(8),
      instanceCount: u32(12),
      multiprocessorCount: u32(16),
      memorySizeMB: u64(40),
    },
  },
  nvmlGpuInstanceProfileInfo_v2_t: {
    size: 152,
    version: 2,
    fields: {
      version: u32(0),
      id: u32(4),
      sliceCount: u32(12),
      instanceCount: u32(16),
      multiprocessorCount: u32(20),
      memorySizeMB: u64(48),
      name: text(56, 96),
    },
  },
  /** As long as version 2 and laid out otherwise: a wrong version word would shift every field. */
  nvmlGpuInstanceProfileInfo_v3_t: {
    size: 152,
    version: 3,
    fields: {
      version: u32(0),
      id: u32(4),
      sliceCount: u32(8),
      instanceCount: u32(12),
      multiprocessorCount: u32(16),
      memorySizeMB: u64(40),
      name: text(48, 96),
    },
  },
  nvmlGpuInstanceInfo_t: {
    size: 24,
    fields: {
      id: u32(8),
      profileId: u32(12),
      'placement.start': u32(16),
      'placement.size': u32(20),
    },
  },
  nvmlComputeInstanceProfileInfo_t: {
    size: 36,
    fields: { id: u32(0), sliceCount: u32(4), instanceCount: u32(8) },
  },
  nvmlComputeInstanceInfo_t: {
    size: 32,
    fields: {
      device: pointer(0),
      id: u32(16),
      profileId: u32(20),
      'placement.start': u32(24),
      'placement.size': u32(28),
    },
  },
  nvmlMemory_t: { size: 24, fields: { total: u64(0) } },
  nvmlProcessInfo_t: {
    size: 24,
    fields: {
      pid: u32(0),
      usedGpuMemory: u64(8),
      gpuInstanceId: u32(16),
      computeInstanceId: u32(20),
    },
  },
  nvmlEventData_t: {
    size: 32,
    fields: {
      device: pointer(0),
      eventType: u64(8),
      eventData: u64(16),
      gpuInstanceId: u32(24),
      computeInstanceId: u32(28),
    },
  },
  nvmlPciInfo_t: { size: 68, fields: { pciDeviceId: u32(28), busId: text(36, 32) } },
} as const satisfies Record<string, Struct>

export type StructName = keyof typeof structs

type ValueOf<F> = F extends { readonly kind: 'u32' }
  ? number
  : F extends { readonly kind: 'text' }
    ? string
    : bigint

export type StructValues<N extends StructName> = {
  readonly [K in keyof (typeof structs)[N]['fields']]: ValueOf<(typeof structs)[N]['fields'][K]>
}

/** A zeroed struct, or an array of them, with the version word set where the struct has one. */
export function structBuffer(name: StructName, count = 1): Buffer {
  const { size, version }: Struct = structs[name]
  const buffer = Buffer.alloc(size * count)
  if (version !== undefined) buffer.writeUInt32LE(size | (version << 24), 0)
  return buffer
}

/** The fields of the struct with that index in an array of them. */
export function readStruct<N extends StructName>(
  name: N,
  buffer: Buffer,
  index = 0,
): StructValues<N> {
  const { size, fields }: Struct = structs[name]
  const base = size * index
  assert(buffer.length >= base + size, `No ${name} at index ${index} of ${buffer.length} bytes`)
  const values = Object.entries(fields).map(([field, place]) => [
    field,
    readField(buffer, base, place),
  ])
  return Object.fromEntries(values)
}

/** Overwrites one 32-bit field of the first struct. */
export function writeUint32(name: StructName, buffer: Buffer, field: string, value: number): void {
  const { fields }: Struct = structs[name]
  const place = fields[field]
  assert(place?.kind === 'u32', `${name} has no 32-bit field ${field}`)
  buffer.writeUInt32LE(value, place.offset)
}

function readField(buffer: Buffer, base: number, field: Field): number | bigint | string {
  const at = base + field.offset
  if (field.kind === 'u32') return buffer.readUInt32LE(at)
  if (field.kind !== 'text') return buffer.readBigUInt64LE(at)
  return readText(buffer.subarray(at, at + field.length))
}

/** Text up to its terminating NUL, or all of it where there is none. */
export function readText(buffer: Buffer): string {
  const end = buffer.indexOf(0)
  return buffer.toString('utf8', 0, end < 0 ? buffer.length : end)
}
