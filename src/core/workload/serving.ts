/**
 * Where a figure comes from: a published measurement, our derivation from one, or the user's file.
 */
export type Provenance = 'measured' | 'derived' | 'own'

/**
 * How one tenant's model serves on one class of GPU instance, within its SLO.
 * A batch is limited to `itemsMax` items; `latencySeconds[n]` is the execution time of a batch of n
 * items (index 0 is unused), from the profile, as the router and the planner believe it.
 */
export type ServingCapability = {
  readonly itemsMax: number
  readonly latencySeconds: readonly number[]
  /** The best sustained throughput within the SLO, items per second. */
  readonly capacityItemsPerSecond: number
  readonly provenance: Provenance
}
