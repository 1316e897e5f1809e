import { must } from '../src/base/assert.ts'
import { checkLayout } from '../src/core/mig/layout.ts'
import { allPlacements, type PlacedProfile } from '../src/core/mig/placement.ts'
import type { PlanningProblem, PlanningTenant } from '../src/core/plan/problem.ts'
import type { Site, SiteTenant, StaticInstance, WorkerMemory } from '../src/core/site.ts'
import type { ServingCapability } from '../src/core/workload/serving.ts'
import type { BatchPoint } from '../src/core/workload/serving-capability.ts'

/** A site whose problem this could be, with a static layout that deals instances out in turn. */
export function siteOf(problem: PlanningProblem): Site {
  return {
    name: 'test',
    gpus: problem.gpus.map(({ id, model, profileIds }) => ({ id, model, profileIds })),
    classes: problem.classes,
    tenants: problem.tenants.map((tenant, i) => siteTenant(tenant, memoryOf(problem, i))),
    windowSeconds: problem.slotCount * problem.slotSeconds,
    slotSeconds: problem.slotSeconds,
    costs: problem.costs,
    residenceSecondsMin: problem.residenceSecondsMin,
    terminalSeconds: problem.terminalSeconds,
    forecast: { arrivals: 'auto', seasonSeconds: null, injectedError: 0 },
    planner: { coarseSlotSeconds: 10, gapTarget: 0.01, workMax: 1_400 },
    policy: 'static',
    staticLayout: staticLayoutOf(problem),
    node: {
      mode: 'active',
      device: 'simulated',
      router: { host: '127.0.0.1', port: 0 },
      control: { host: '127.0.0.1', port: 0 },
      planningSecondsMax: 2,
      heldOutShare: 0.2,
      versionsKept: 5,
      onExit: 'keep',
      workers: problem.tenants.map(() => null),
    },
    simulation: null,
  }
}

function memoryOf({ classes, takeovers }: PlanningProblem, tenant: number): WorkerMemory {
  const unknown = classes.map(() => null)
  return {
    inferenceMiB: takeovers?.inferenceMiB[tenant] ?? unknown,
    retrainingMiB: takeovers?.retrainingMiB[tenant] ?? unknown,
  }
}

function siteTenant(tenant: PlanningTenant, memory: WorkerMemory): SiteTenant {
  return {
    id: tenant.id,
    weight: tenant.weight,
    sloSeconds: tenant.sloSeconds,
    itemsPerRequest: tenant.itemsPerRequest,
    serving: tenant.serving,
    figures: tenant.serving.map((own) => own && figuresOf(own)),
    memory,
    inferenceStartSeconds: tenant.inferenceStartSeconds,
    retrainingStartSeconds: tenant.retrainingStartSeconds,
    checkpointRestoreSeconds: tenant.underWay?.restoreSeconds ?? 0,
    sloAttainmentMin: tenant.sloAttainmentMin,
    accuracy: {
      id: 'none',
      source: 'none',
      parameters: {},
      driftGrid: [0],
      stalenessGrid: [0],
      initialAccuracy: [0.5],
      configurations: [],
    },
    retraining: tenant.retraining.map(({ configurationId, secondsByClass }) => ({
      configurationId,
      samples: 1000,
      secondsByClass,
    })),
  }
}

/** As if every batch size up to the largest had been measured. */
function figuresOf({ latencySeconds }: ServingCapability): readonly BatchPoint[] {
  return latencySeconds.slice(1).map((seconds, i) => ({ items: i + 1, latencySeconds: seconds }))
}

/** Placements taken as they come while they fit: one each to serve, then one each to retrain. */
function staticLayoutOf({ gpus, tenants }: PlanningProblem): readonly StaticInstance[] {
  return gpus.flatMap(({ model, profileIds }, gpu) => {
    const placed: PlacedProfile[] = []
    for (const next of allPlacements(model, profileIds).toReversed()) {
      if (checkLayout(model, [...placed, next]) === null) placed.push(next)
    }
    return placed.map(({ profile, start }, index): StaticInstance => {
      const tenant = must(tenants[index % tenants.length]).id
      const role = index < tenants.length ? 'inference' : 'retraining'
      return { gpu, profileId: profile.profileId, start, tenant, role }
    })
  })
}
