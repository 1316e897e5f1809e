import type { Site } from '../../core/site.ts'
import { type MemoryNeed, memoryNeedOf } from '../../core/workload/memory-need.ts'

/** What workers of each tenant take of a GPU that they share; `site` is the one by MIG. */
export function memoryOf(site: Site): readonly MemoryNeed[] {
  return site.tenants.map((tenant) => memoryNeedOf(site, tenant))
}
