import type { Effect } from '../src/control/effects.ts'
import { a100Gb80 } from '../src/core/mig/catalog/a100-80gb.ts'
import type { Plan, PlannedInstance, Tenure } from '../src/core/plan/plan.ts'
import { ControlWorld } from './control-world.ts'

/** NVML profile ids of an A100. */
export const [oneSlice, twoSlices, threeSlices, fourSlices, wholeGpu] = [19, 14, 9, 5, 0]

export function world(delays: Partial<Record<Effect['kind'], number>> = {}): ControlWorld {
  const usual = { 'create-instance': 0.25, 'destroy-instance': 0.25, 'start-worker': 4 }
  const all: Partial<Record<Effect['kind'], number>> = { ...usual, 'route-add': 1, ...delays }
  return new ControlWorld({
    gpus: [a100Gb80],
    tenants: ['a', 'b'],
    delayOf: (effect) => all[effect.kind] ?? 0,
  })
}

export function serve(tenant: string, from: number, until: number, serveFrom = from): Tenure {
  return {
    tenant,
    role: { kind: 'inference' },
    initialiseFromSeconds: from,
    serveFromSeconds: serveFrom,
    until: { kind: 'time', atSeconds: until },
  }
}

export function retrain(tenant: string, from: number, expected: number, latest = expected): Tenure {
  return {
    tenant,
    role: { kind: 'retraining', configurationId: 'full', resumes: false },
    initialiseFromSeconds: from,
    serveFromSeconds: from,
    until: { kind: 'retraining-done', expectedSeconds: expected, latestSeconds: latest },
  }
}

export function on(
  profileId: number,
  start: number,
  ...tenures: readonly Tenure[]
): PlannedInstance {
  const id = `${profileId}@${start}/${tenures[0]?.initialiseFromSeconds}`
  return { id, gpu: 0, share: { kind: 'mig', profileId, start }, existing: null, tenures }
}

export function plan(start: number, end: number, ...instances: readonly PlannedInstance[]): Plan {
  return {
    policy: 'literal',
    mechanism: 'mig',
    startSeconds: start,
    endSeconds: end,
    stateHash: '',
    overhead: 'aware',
    instances,
  }
}

export function accept(own: ControlWorld, atSeconds: number, accepted: Plan): void {
  own.run(atSeconds)
  own.send({ kind: 'plan-accepted', plan: accepted, atSeconds })
}

export function phases(own: ControlWorld): readonly string[] {
  return own.state.instances.map(({ profileId, start, worker }) => {
    return `${profileId}@${start} ${worker === null ? 'idle' : `${worker.tenant} ${worker.phase}`}`
  })
}
