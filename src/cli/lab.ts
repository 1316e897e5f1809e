import type { Site } from '../core/site.ts'
import type { RunResult } from '../observe/run-result.ts'
import { createHighsSolver } from '../planner/solver/highs.ts'
import { simulate } from '../simulator/run.ts'
import { serviceTables } from '../simulator/service-tables.ts'
import { loadSite, type SiteSource } from './load-site.ts'
import { makePolicy } from './make-policy.ts'
import { loadPolicyFiles } from './policy-file/load-policy-files.ts'
import { UsageError } from './usage-error.ts'

/** A site with everything that its runs share, made once per thread. */
export type Lab = {
  readonly site: Site
  readonly run: (policy: string, seed: number) => RunResult
}

export async function createLab(
  source: SiteSource,
  policyFiles: readonly string[] = [],
): Promise<Lab> {
  const site = loadSite(source)
  requireSimulation(site, source)
  const services = serviceTables(site)
  const solver = await createHighsSolver()
  const brought = await loadPolicyFiles(policyFiles, site)
  return {
    site,
    run: (name, seed) => {
      const policy = makePolicy(name, { site, seed, services, solver, brought })
      return simulate({ site, seed, policy, services, clock: () => performance.now() / 1000 })
    },
  }
}

/** A site for a node has no truth to simulate. */
export function requireSimulation(site: Site, { sourceName }: SiteSource): void {
  if (site.simulation !== null) return
  throw new UsageError(
    `Cannot simulate ${sourceName}: it has no key "simulation" (true arrivals, drift, seeds); ` +
      'migrator init writes an example',
  )
}
