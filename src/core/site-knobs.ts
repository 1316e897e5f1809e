import type { Drift } from './learning/accuracy-table.ts'
import type { Simulation, Site, SiteTenant } from './site.ts'
import type { ArrivalSpec, RatePattern } from './workload/arrival-spec.ts'

/** What a sweep turns on a site. What is absent stays as the site file says. */
export type SiteKnobs = {
  /**
   * Seconds of a whole cold change: an instance destroyed, one created, its worker started, traffic
   * cut over. All costs of reconfiguration are scaled alike, for everybody.
   */
  readonly reconfigurationSeconds?: number
  /** Relative error put on forecasts, instead of the site's. */
  readonly forecastError?: number
  /** Error put on what retrainings are expected to reach, in accuracy, instead of the site's. */
  readonly accuracyError?: number
  /** Drift over what the site file says: 0 = none. */
  readonly driftScale?: number
  /** Load over what the site file says. */
  readonly loadScale?: number
  /** Every tenant's load is its mean, all the time. Recorded arrivals stay as they are. */
  readonly isLoadSteady?: true
  /** Nobody may retrain. */
  readonly isRetrainingOff?: true
  readonly durationSeconds?: number
}

/** The site with its knobs turned; itself, the very object, when none is. */
export function withKnobs(site: Site, knobs: SiteKnobs): Site {
  if (Object.keys(knobs).length === 0) return site
  const costScale =
    knobs.reconfigurationSeconds === undefined
      ? 1
      : knobs.reconfigurationSeconds / coldChangeSeconds(site)
  const { forecastError, accuracyError } = knobs
  return {
    ...site,
    costs: {
      createSeconds: site.costs.createSeconds * costScale,
      destroySeconds: site.costs.destroySeconds * costScale,
      cutOverSeconds: site.costs.cutOverSeconds * costScale,
      checkpointSeconds: site.costs.checkpointSeconds * costScale,
    },
    tenants: site.tenants.map((tenant) => tenantWith(tenant, knobs, costScale)),
    forecast: {
      ...site.forecast,
      ...(forecastError === undefined ? {} : { injectedError: forecastError }),
      ...(accuracyError === undefined ? {} : { injectedAccuracyError: accuracyError }),
    },
    simulation: site.simulation === null ? null : simulationWith(site.simulation, knobs),
  }
}

/** Mean over the tenants of what a cold change takes from the decision to the first answer. */
export function coldChangeSeconds({ costs, tenants }: Site): number {
  const starts = tenants.reduce((sum, own) => sum + own.inferenceStartSeconds, 0) / tenants.length
  return costs.destroySeconds + costs.createSeconds + starts + costs.cutOverSeconds
}

function tenantWith(tenant: SiteTenant, knobs: SiteKnobs, costScale: number): SiteTenant {
  return {
    ...tenant,
    inferenceStartSeconds: tenant.inferenceStartSeconds * costScale,
    retrainingStartSeconds: tenant.retrainingStartSeconds * costScale,
    checkpointRestoreSeconds: tenant.checkpointRestoreSeconds * costScale,
    retraining: knobs.isRetrainingOff === true ? [] : tenant.retraining,
  }
}

function simulationWith(simulation: Simulation, knobs: SiteKnobs): Simulation {
  const { driftScale = 1, durationSeconds = simulation.durationSeconds } = knobs
  return {
    ...simulation,
    durationSeconds,
    tenants: simulation.tenants.map(({ arrivals, drift, initialStaleness }) => ({
      arrivals: arrivalsWith({ ...arrivals, durationSeconds }, knobs),
      drift: scaledDrift(drift, driftScale),
      initialStaleness: initialStaleness * driftScale,
    })),
  }
}

function scaledDrift({ distancePerSecond, shifts }: Drift, scale: number): Drift {
  return {
    distancePerSecond: distancePerSecond * scale,
    shifts: shifts.map((own) => ({ ...own, distance: own.distance * scale })),
  }
}

function arrivalsWith(spec: ArrivalSpec, { loadScale = 1, isLoadSteady }: SiteKnobs): ArrivalSpec {
  const { source, durationSeconds } = spec
  if (source.kind === 'trace') {
    const { amplification } = source
    if (loadScale === 1) return spec
    const before = amplification.kind === 'resample' ? amplification.factor : 1
    const own = { kind: 'resample', factor: before * loadScale } as const
    return { ...spec, source: { ...source, amplification: own } }
  }
  const scaled = scaledPattern(source.pattern, loadScale)
  if (isLoadSteady !== true) return { ...spec, source: { ...source, pattern: scaled } }
  const pattern = { kind: 'constant', rps: meanRpsOf(scaled, durationSeconds) } as const
  return { ...spec, source: { ...source, pattern, noise: null } }
}

function scaledPattern(pattern: RatePattern, scale: number): RatePattern {
  switch (pattern.kind) {
    case 'constant':
      return { ...pattern, rps: pattern.rps * scale }
    case 'sine':
      return { ...pattern, meanRps: pattern.meanRps * scale }
    case 'diurnal':
      return { ...pattern, lowRps: pattern.lowRps * scale, highRps: pattern.highRps * scale }
    case 'ramp':
      return { ...pattern, fromRps: pattern.fromRps * scale, toRps: pattern.toRps * scale }
    case 'on-off':
      return { ...pattern, offRps: pattern.offRps * scale, onRps: pattern.onRps * scale }
    case 'steps':
      return { ...pattern, steps: pattern.steps.map((own) => ({ ...own, rps: own.rps * scale })) }
  }
}

/** Over whole periods; of ramps and steps over the run. */
function meanRpsOf(pattern: RatePattern, durationSeconds: number): number {
  switch (pattern.kind) {
    case 'constant':
      return pattern.rps
    case 'sine':
      return pattern.meanRps
    case 'diurnal': {
      const { lowRps, highRps, sharpness } = pattern
      return lowRps + (highRps - lowRps) * meanOf((share) => raisedCosine(share, sharpness))
    }
    case 'ramp': {
      const { fromRps, toRps, startSeconds, endSeconds } = pattern
      return meanOf((share) => {
        const along = (share * durationSeconds - startSeconds) / (endSeconds - startSeconds)
        return fromRps + (toRps - fromRps) * Math.min(1, Math.max(0, along))
      })
    }
    case 'on-off': {
      const { offRps, onRps, offSeconds, onSeconds } = pattern
      return (offRps * offSeconds + onRps * onSeconds) / (offSeconds + onSeconds)
    }
    case 'steps':
      return meanOf((share) => {
        const at = share * durationSeconds
        const last = pattern.steps.findLast(({ atSeconds }) => atSeconds <= at)
        return (last ?? pattern.steps[0])?.rps ?? 0
      })
  }
}

function raisedCosine(share: number, sharpness: number): number {
  return ((1 + Math.cos(2 * Math.PI * share)) / 2) ** sharpness
}

const points = 1000

/** Mean over [0, 1) by the midpoint rule. */
function meanOf(value: (share: number) => number): number {
  let sum = 0
  for (let i = 0; i < points; i += 1) sum += value((i + 0.5) / points)
  return sum / points
}
