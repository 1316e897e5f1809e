import type { WorkerView } from './worker-spec.ts'

export type StartResult =
  | { readonly kind: 'started'; readonly worker: WorkerView }
  | { readonly kind: 'refused'; readonly message: string }

export type StopResult =
  /** The whole process group is gone. */
  | { readonly kind: 'stopped'; readonly wasKilled: boolean }
  | { readonly kind: 'unknown-worker' }
  /**
   * Pids that even SIGKILL did not end (in the kernel's hands), or that were left when supervision
   * was closed meanwhile.
   */
  | { readonly kind: 'not-stopped'; readonly pids: readonly number[] }

export type LoadResult =
  | { readonly kind: 'loaded' }
  /** It goes on serving what it served. */
  | { readonly kind: 'refused'; readonly message: string }
  /** It did not answer: which of the two it serves is not known. */
  | { readonly kind: 'unknown'; readonly message: string }
