/** One retraining that an instance of the pool could do for a tenant from a slot on. */
export type PoolOffer = {
  readonly configuration: number
  /** e; may lie past the end. */
  readonly doneSlot: number
  /** What it adds to the objective and the terminal value. */
  readonly gain: number
}

/** What tenant `tenant` could do on pool instance `instance` from that slot on. */
export type OffersOf = (instance: number, tenant: number, fromSlot: number) => readonly PoolOffer[]

export type PoolJob = PoolOffer & {
  readonly instance: number
  readonly tenant: number
  readonly fromSlot: number
}

/**
 * Hands the instances of a retraining pool from tenant to tenant, each tenant at most once: always
 * what gains most goes next, where it can begin next. That is done twice, by gain and by gain per
 * slot held (Smith's rule: short jobs first), and the better of the two is taken.
 */
export function fillPool(
  freeFrom: readonly number[],
  tenants: readonly number[],
  offersOf: OffersOf,
): readonly PoolJob[] {
  const possible = freeFrom.map((slot, instance) => jobsOn(instance, slot, tenants, offersOf))
  const byGain = filledBy(possible, tenants, offersOf, ({ gain }) => gain)
  if (byGain.length === 0) return byGain
  const byRate = filledBy(possible, tenants, offersOf, (job) => {
    return job.gain / Math.max(1, job.doneSlot - job.fromSlot)
  })
  return gainOf(byRate) > gainOf(byGain) ? byRate : byGain
}

function filledBy(
  possibleAtFirst: readonly (readonly PoolJob[])[],
  tenants: readonly number[],
  offersOf: OffersOf,
  rank: (job: PoolJob) => number,
): readonly PoolJob[] {
  let waiting = tenants
  let possible = possibleAtFirst
  const jobs: PoolJob[] = []
  for (;;) {
    const next = bestOf(possible, rank)
    if (next === null) return jobs
    jobs.push(next)
    waiting = waiting.filter((tenant) => tenant !== next.tenant)
    possible = possible.map((own, instance) =>
      instance === next.instance
        ? jobsOn(instance, next.doneSlot, waiting, offersOf)
        : own.filter(({ tenant }) => tenant !== next.tenant),
    )
  }
}

/** What gains something on that instance from a slot on. */
function jobsOn(
  instance: number,
  fromSlot: number,
  waiting: readonly number[],
  offersOf: OffersOf,
): readonly PoolJob[] {
  const jobs: PoolJob[] = []
  for (const tenant of waiting) {
    for (const { configuration, doneSlot, gain } of offersOf(instance, tenant, fromSlot)) {
      if (gain > 0) jobs.push({ configuration, doneSlot, gain, instance, tenant, fromSlot })
    }
  }
  return jobs
}

/** The highest in rank; of equals the first. */
function bestOf(
  possible: readonly (readonly PoolJob[])[],
  rank: (job: PoolJob) => number,
): PoolJob | null {
  let best: PoolJob | null = null
  for (const jobs of possible) {
    for (const job of jobs) if (best === null || rank(job) > rank(best)) best = job
  }
  return best
}

function gainOf(jobs: readonly PoolJob[]): number {
  return jobs.reduce((sum, { gain }) => sum + gain, 0)
}
