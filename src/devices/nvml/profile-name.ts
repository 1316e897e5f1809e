import type { ProfileAttribute } from '../../core/mig/profile.ts'

/**
 * What NVML's profile numbers (NVML_GPU_INSTANCE_PROFILE_* of NVIDIA's nvml.h) say beside the
 * width: these numbers only ask for a profile, whose id is another number.
 */
const attributes: Readonly<Record<number, ProfileAttribute>> = {
  7: '+me',
  8: '+me',
  9: 'double-memory',
  10: '+gfx',
  11: '+gfx',
  12: '+gfx',
  13: '-me',
  14: '-me',
  15: '+me.all',
  16: '+me.all',
  17: '+gfx',
}

export function attributeOf(profileNumber: number): ProfileAttribute {
  return attributes[profileNumber] ?? 'base'
}

/** NVIDIA's own name as printed, `MIG 1g.10gb`, without its prefix. */
export function plainName(name: string): string {
  return name.replace(/^MIG /, '')
}

/**
 * The name of a profile where the driver is too old to tell: memory as eighths of the board,
 * rounded up, in whole GB, the way NVIDIA's go-nvlib (pkg/nvlib/device/mig_profile.go) derives it.
 */
export function derivedName(
  profileNumber: number,
  profile: { readonly sliceCount: number; readonly memoryMiB: number },
  boardMiB: number,
): string {
  const eighths = Math.ceil((profile.memoryMiB / boardMiB) * 8)
  const gb = Math.round((eighths / 8) * Math.ceil(boardMiB / 1024))
  const attribute = attributeOf(profileNumber)
  const isNamed = attribute !== 'base' && attribute !== 'double-memory'
  return `${profile.sliceCount}g.${gb}gb${isNamed ? attribute : ''}`
}
