import { must } from '../../base/assert.ts'
import { type ExecutorState, withGpu } from '../../control/executor-state.ts'
import type { SafetyModel } from '../../control/safety.ts'

/** Control's books, and what watches over them. */
export type Books = { readonly state: ExecutorState; readonly safety: SafetyModel }

/** Memory slices that nothing may be put on. */
export function withoutPlace(
  { state, safety }: Books,
  { gpu, start, size }: { readonly gpu: number; readonly start: number; readonly size: number },
): Books {
  const own = must(state.gpus[gpu])
  const blocked = [...own.blocked, { start, size, reason: 'failed' as const }]
  const mask = ((1 << size) - 1) << start
  return {
    state: withGpu(state, gpu, { ...own, blocked }),
    safety: { ...safety, blocked: [...safety.blocked, { gpu, start, mask }] },
  }
}

/** All of the GPU. */
export function withoutGpu(books: Books, gpu: number): Books {
  const { memorySlices } = must(books.state.gpus[gpu]).model
  return withoutPlace(books, { gpu, start: 0, size: memorySlices })
}
