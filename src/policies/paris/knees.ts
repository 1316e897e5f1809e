import { bestThroughput, type SizeProfile, throughputAt } from './size-profile.ts'

/** Share of its best throughput from which an instance counts as busy (PARIS: 80 % utilisation). */
const kneeShare = 0.8

/**
 * PARIS's knees, one for each size (ascending): the smallest batch that keeps an instance of that
 * size busy, never below the next smaller size's; the largest size takes everything up to
 * `itemsMax`. Reconstructed: throughput stands for utilisation, the best over all measured batches.
 */
export function kneeBatches(profiles: readonly SizeProfile[], itemsMax: number): readonly number[] {
  const knees: number[] = []
  for (const profile of profiles) {
    const busy = kneeShare * bestThroughput(profile)
    let knee = knees.at(-1) ?? 1
    while (knee < itemsMax && throughputAt(profile, knee) < busy) knee += 1
    knees.push(knee)
  }
  return knees.map((knee, i) => (i === knees.length - 1 ? itemsMax : knee))
}
