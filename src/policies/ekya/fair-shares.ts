/** `quanta` split over so many jobs as equally as whole quanta go; the first ones get the rest. */
export function fairShares(quanta: number, jobs: number): readonly number[] {
  const each = Math.floor(quanta / Math.max(1, jobs))
  const rest = quanta - each * jobs
  return Array.from({ length: jobs }, (_, job) => each + (job < rest ? 1 : 0))
}
