/** What an XID means for what runs on a GPU. */
export type XidMeaning =
  /** Nothing is broken yet, or it only tells that a process went. */
  | 'noted'
  /** The process that met it can do no more on the GPU; the GPU can. */
  | 'breaks-process'
  /** What it struck must not be used before somebody has looked at it. */
  | 'breaks-instance'

/**
 * NVIDIA's catalogue says to restart the program (8, 11, 13, 94), or NVIDIA's device plugin for
 * Kubernetes counts them as errors of programs (13, 31, 43, 68, 109).
 */
const breakProcess: readonly number[] = [8, 11, 13, 31, 43, 68, 94, 109]

/**
 * 45: a process that was ended is cleaned up after, as the device plugin has it; 63: a row of
 * memory will be replaced at the next reset; 92: many single-bit errors, all corrected.
 */
const noted: readonly number[] = [45, 63, 92]

/** Whatever is not known to be less counts as broken hardware. */
export function meaningOfXid(xid: number): XidMeaning {
  if (noted.includes(xid)) return 'noted'
  return breakProcess.includes(xid) ? 'breaks-process' : 'breaks-instance'
}
