import { must } from '../base/assert.ts'
import type { Rng } from '../base/rng.ts'
import { measuredConfiguration } from '../core/learning/accuracy-table.ts'
import type { ProbeReading } from '../core/observation.ts'
import type { Site, SiteRetraining } from '../core/site.ts'
import {
  drawProbeReading,
  type ProbePlan,
  planProbe,
  probeDefaults,
  probeSeconds,
} from '../forecast/probe.ts'
import type { Versions } from './versions.ts'

/**
 * Extrapolation multiplies the noise of tests, so they are larger than usual where they are cheap:
 * up to this share of the samples that the whole training processes.
 */
const heldOutLabelsMax = 1000
const testShareMax = 0.05

export type Probed = {
  readonly probes: readonly ProbeReading[]
  /** What they cost together, by the profile; parallel to the site's classes. */
  readonly secondsByClass: readonly number[]
}

/**
 * Tries configurations out on the newest labels. The cost is part of the retraining that follows,
 * on whatever instance that runs; a retraining that does not follow pays nothing, which is the one
 * thing here that flatters.
 */
export function probe(options: {
  readonly site: Site
  readonly versions: Versions
  readonly tenant: number
  readonly configurationIds: readonly string[]
  /** The version that would be retrained. */
  readonly from: string
  readonly labelsSeconds: number
  /** Labels there are to test on. */
  readonly heldOutLabels: number
  readonly rng: Rng
}): Probed {
  const { site, versions, tenant, from, labelsSeconds } = options
  const { accuracy, retraining } = must(site.tenants[tenant])
  const offered = retraining.filter(({ configurationId }) =>
    options.configurationIds.includes(configurationId),
  )
  const plans = offered.map((own) => {
    const { id, epochs } = measuredConfiguration(accuracy, own.configurationId)
    const cheap = Math.min(heldOutLabelsMax, Math.floor(testShareMax * own.samples))
    const wanted = Math.max(probeDefaults.heldOutLabels, cheap)
    const heldOutLabels = Math.min(options.heldOutLabels, wanted)
    return { own, plan: planProbe({ id, epochs }, { ...probeDefaults, heldOutLabels }) }
  })
  const secondsByClass = site.classes.map((_, k) =>
    plans.reduce((sum, { own, plan }) => sum + secondsOn(own, plan, k), 0),
  )
  const probes = plans.map(({ own, plan }) => {
    const { configurationId } = own
    const classIndex = own.secondsByClass.findIndex((seconds) => seconds !== null)
    const truth = {
      accuracyAfterWork: versions.curveOf(tenant, { configurationId, from, labelsSeconds }),
      classIndex,
      atSeconds: labelsSeconds,
      costSeconds: classIndex < 0 ? 0 : secondsOn(own, plan, classIndex),
    }
    return drawProbeReading(plan, truth, options.rng.split(configurationId))
  })
  return { probes, secondsByClass }
}

function secondsOn(own: SiteRetraining, plan: ProbePlan, classIndex: number): number {
  const whole = own.secondsByClass[classIndex] ?? null
  return whole === null ? 0 : probeSeconds(plan, whole, own.samples)
}
