import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import { RequestEngine } from './request-engine.ts'
import type { EngineTenant } from './tenant-loop.ts'

const tenants: fc.Arbitrary<readonly EngineTenant[]> = fc
  .array(
    fc.record({
      sloSeconds: fc.oneof(fc.double({ min: 0.05, max: 2, noNaN: true }), fc.constant(Infinity)),
      queueRequestsMax: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Infinity)),
      router: fc.constantFrom('late-binding' as const, 'elsa' as const),
      rates: fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 8 }),
      gapCv: fc.constantFrom(0, 0.5, 1, 2),
      itemsMax: fc.integer({ min: 1, max: 5 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) =>
    all.map(({ rates, gapCv, itemsMax, ...limits }, i) => ({
      ...limits,
      id: `tenant-${i}`,
      arrivals: {
        ratesRps: Float64Array.from(rates),
        historySeconds: 0,
        gapCv,
        items: [
          { items: 1, share: 1 },
          { items: itemsMax, share: 0.5 },
        ],
        description: 'random',
      },
    })),
  )

const capability = fc
  .array(fc.double({ min: 0.005, max: 0.5, noNaN: true }), { minLength: 1, maxLength: 6 })
  .map((seconds) => ({
    itemsMax: seconds.length,
    latencySeconds: [0, ...seconds],
    capacityItemsPerSecond: 10,
    provenance: 'own' as const,
  }))

const kinds = ['drain', 'remove', 'fail', 'pause', 'resume', 'accuracy', 'advance'] as const
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('add' as const),
      tenant: fc.nat(),
      capability,
      trueScale: fc.double({ min: 0.7, max: 1.5, noNaN: true }),
    }),
    fc.record({
      kind: fc.constantFrom(...kinds),
      which: fc.nat(),
      by: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  ),
  { maxLength: 30 },
)
type Step = (typeof steps extends fc.Arbitrary<infer S> ? S : never) extends readonly (infer E)[]
  ? E
  : never

const durationSeconds = 8

/** Plays a script of control actions; asserts that no request is ever unaccounted for. */
function play(all: readonly EngineTenant[], script: readonly Step[]): RequestEngine {
  const engine = new RequestEngine({ tenants: all, durationSeconds, rng: new Rng(1) })
  const owners = new Map<number, number>()
  const draining = new Set<number>()
  const advanceTo = (until: number): void => {
    let result = engine.advance(until)
    while (result.kind === 'drained') {
      expect(engine.nowSeconds).toBe(result.atSeconds)
      expect(draining.has(result.server)).toBe(true)
      expect(engine.outstandingOf(result.server)).toBe(0)
      const before = all.map((_, w) => engine.accountsOf(w).counts.lost)
      engine.removeServer(result.server)
      expect(all.map((_, w) => engine.accountsOf(w).counts.lost)).toEqual(before)
      owners.delete(result.server)
      result = engine.advance(until)
    }
    expect(engine.nowSeconds).toBe(until)
    assertConserved(engine, all, owners)
  }
  for (const step of script) {
    if (step.kind === 'add') {
      const tenant = step.tenant % all.length
      owners.set(engine.addServer({ ...step, tenant, accuracy: 0.5 }), tenant)
      continue
    }
    if (step.kind === 'advance') {
      advanceTo(Math.min(durationSeconds, engine.nowSeconds + step.by))
      continue
    }
    const id = [...owners.keys()][step.which % Math.max(1, owners.size)]
    if (id === undefined) continue
    if (step.kind === 'accuracy') engine.setServerAccuracy(id, step.by)
    else if (step.kind === 'remove' || step.kind === 'fail') {
      if (step.kind === 'remove') engine.removeServer(id)
      else engine.failServer(id)
      owners.delete(id)
    } else if (step.kind === 'drain') {
      engine.drainServer(id)
      draining.add(id)
    } else if (!draining.has(id)) {
      if (step.kind === 'pause') engine.pauseServer(id)
      else engine.resumeServer(id)
    }
  }
  advanceTo(durationSeconds)
  engine.finish()
  assertConserved(engine, all, new Map())
  return engine
}

function assertConserved(
  engine: RequestEngine,
  all: readonly EngineTenant[],
  owners: ReadonlyMap<number, number>,
): void {
  for (const [w, tenant] of all.entries()) {
    const { counts } = engine.accountsOf(w)
    let held = engine.queuedOf(w)
    for (const [id, owner] of owners) if (owner === w) held += engine.outstandingOf(id)
    const { arrived, inTime, late, shed, refused, failed, lost } = counts
    expect(arrived).toBe(inTime + late + shed + failed + lost + held)
    expect(refused).toBeLessThanOrEqual(shed)
    expect(engine.queuedOf(w)).toBeLessThanOrEqual(tenant.queueRequestsMax)
    if (tenant.sloSeconds === Infinity) expect(shed - refused + late).toBe(0)
  }
}

test('whatever control does, each request that arrived is accounted for exactly once', () => {
  fc.assert(
    fc.property(tenants, steps, (all, script) => void play(all, script)),
    { numRuns: 300 },
  )
})

test('arrivals do not depend on what control does, and accuracy is earned in time only', () => {
  fc.assert(
    fc.property(tenants, steps, (all, script) => {
      const [busy, bare] = [play(all, script), play(all, [])]
      for (const w of all.keys()) {
        const { counts, accuracySum, perSecond } = busy.accountsOf(w)
        expect(perSecond.arrived).toEqual(bare.accountsOf(w).perSecond.arrived)
        expect(bare.accountsOf(w).counts.inTime).toBe(0)
        expect(accuracySum).toBeLessThanOrEqual(counts.inTime + 1e-9)
      }
    }),
    { numRuns: 60 },
  )
})
