import { must } from '../../base/assert.ts'

/** GPUs to pack onto: whether a GPU can hold instances of these sizes together. */
export type PackTarget = { readonly fits: (sizes: readonly number[]) => boolean }

/**
 * PARIS's instance counts as whole instances on GPUs: counts are rounded and placed the largest
 * first, each on the first GPU that still takes it; what is left of the GPUs is filled up with the
 * smallest sizes wanted, then with the smallest there are. Answers the sizes on each GPU.
 * Reconstructed.
 */
export function packInstances(
  targets: readonly PackTarget[],
  ideal: readonly { readonly size: number; readonly count: number }[],
): readonly (readonly number[])[] {
  const held: number[][] = targets.map(() => [])
  const place = (size: number): boolean => {
    const gpu = targets.findIndex(({ fits }, i) => fits([...must(held[i]), size]))
    if (gpu < 0) return false
    must(held[gpu]).push(size)
    return true
  }
  const ascending = [...ideal].sort((a, b) => a.size - b.size)
  for (const { size, count } of ascending.toReversed()) {
    for (let i = 0; i < Math.round(count); i += 1) if (!place(size)) break
  }
  const isWanted = ({ count }: { readonly count: number }) => count > 0
  for (const { size } of [...ascending.filter(isWanted), ...ascending]) {
    for (; place(size); );
  }
  return held
}
