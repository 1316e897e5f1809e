import { must } from '../src/base/assert.ts'
import type { Rng } from '../src/base/rng.ts'
import {
  expectedEndSeconds,
  type Plan,
  type PlannedInstance,
  type Tenure,
} from '../src/core/plan/plan.ts'

/**
 * The plan with more changes of holder, and some of them turned into takeovers, as far as they may
 * be without a thought of memory: who serves goes on until the next one is to serve, and inference
 * starts some seconds before the retraining before it is expected to be done.
 */
export function lentPlan(rng: Rng, plan: Plan, tenants: readonly string[]): Plan {
  const training = new Set(
    plan.instances.flatMap(({ tenures }) =>
      tenures.flatMap(({ tenant, role }) => (role.kind === 'retraining' ? [tenant] : [])),
    ),
  )
  const instances = plan.instances.map((instance) => {
    const tenures = instance.tenures.flatMap((own) => split(rng, own, { tenants, training }))
    return lentInstance(rng, plan, { ...instance, tenures })
  })
  return { ...plan, instances }
}

/** Somebody else has the second part of it. */
function split(
  rng: Rng,
  own: Tenure,
  of: { readonly tenants: readonly string[]; readonly training: Set<string> },
): readonly Tenure[] {
  const end = expectedEndSeconds(own)
  const from = own.initialiseFromSeconds
  const at = from + 2 + rng.integer(Math.max(1, end - from - 3))
  const tenant = must(of.tenants[rng.integer(of.tenants.length)])
  if (at + 1 >= end || rng.uniform() < 0.3) return [own]
  const serveFromSeconds = Math.min(at + 3, end)
  const after = { tenant, initialiseFromSeconds: at, serveFromSeconds }
  const until = { kind: 'time', atSeconds: end } as const
  if (own.until.kind === 'retraining-done') {
    const short = { ...own.until, expectedSeconds: at, latestSeconds: at }
    const inference: Tenure = { ...after, role: { kind: 'inference' }, until }
    return [
      { ...own, serveFromSeconds: Math.min(own.serveFromSeconds, at), until: short },
      inference,
    ]
  }
  const first: Tenure = {
    ...own,
    serveFromSeconds: Math.min(own.serveFromSeconds, at),
    until: { kind: 'time', atSeconds: at },
  }
  if (of.training.has(tenant)) return [first, { ...after, role: { kind: 'inference' }, until }]
  of.training.add(tenant)
  const role = { kind: 'retraining', configurationId: 'full', resumes: false } as const
  const done = { kind: 'retraining-done', expectedSeconds: end, latestSeconds: end } as const
  return [first, { ...after, role, until: done }]
}

function lentInstance(rng: Rng, plan: Plan, instance: PlannedInstance): PlannedInstance {
  const { startSeconds, endSeconds } = plan
  const tenures = [...instance.tenures]
  for (let i = 1; i < tenures.length; i += 1) {
    const [before, after] = [must(tenures[i - 1]), must(tenures[i])]
    const first = tenures[i - 2]
    const freeSeconds = first === undefined ? startSeconds : expectedEndSeconds(first)
    const isTouching = expectedEndSeconds(before) === after.initialiseFromSeconds
    const isSame = before.tenant === after.tenant && before.role.kind === after.role.kind
    if (!isTouching || isSame || rng.uniform() < 0.2) continue
    if (before.until.kind === 'time') {
      if (freeSeconds > after.initialiseFromSeconds) continue
      const atSeconds = Math.min(after.serveFromSeconds, endSeconds)
      tenures[i - 1] = { ...before, until: { kind: 'time', atSeconds } }
    } else if (after.role.kind === 'inference') {
      const least = Math.max(before.initialiseFromSeconds, freeSeconds)
      const from = Math.max(least, after.initialiseFromSeconds - 1 - rng.integer(4))
      const serveFrom = Math.max(expectedEndSeconds(before), from + 3)
      if (serveFrom >= expectedEndSeconds(after)) continue
      tenures[i] = { ...after, initialiseFromSeconds: from, serveFromSeconds: serveFrom }
    }
  }
  return { ...instance, tenures }
}
