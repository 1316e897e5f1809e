import { expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../../test/literal-site.ts'
import { resolveSite } from '../../config/resolve-site.ts'
import { initialState } from '../../control/executor-state.ts'
import { keepLayoutPlan } from '../../core/plan/keep-layout-plan.ts'
import { valueOf } from '../../core/plan/value.ts'
import type { Site } from '../../core/site.ts'
import { ServiceSpeed } from '../../outlook/service-speed.ts'
import { serviceTables } from '../../simulator/service-tables.ts'
import type { Fact } from './facts.ts'
import type { NodeBook } from './node-book.ts'
import { NodeDesk, type NodePlanner } from './node-desk.ts'
import { outlookOfNode } from './outlook-of-node.ts'

const read = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })
const site: Site = { ...read, slotSeconds: 0.2, node: { ...read.node, planningSecondsMax: 0.2 } }

/** A fake of a book in which nothing was learned yet. */
const book = {
  labelsSeconds: 0,
  of: () => ({
    deployed: { versionId: 'v0', versionLabelledUntilSeconds: 0, heldOut: null },
    ...{ samples: [], finished: [], probes: [], usedUntilSeconds: 0 },
    probeSecondsByClass: site.classes.map(() => 0),
  }),
} as unknown as NodeBook

async function asked(plan: NodePlanner, isAdvisory = false) {
  const facts: Fact[] = []
  const from = performance.now()
  const now = (): number => (performance.now() - from) / 1000
  const models = site.gpus.map(({ model }) => model)
  const state = initialState(
    models,
    site.tenants.map(({ id }) => ({ id, version: 'v0' })),
  )
  const services = serviceTables(read)
  const speed = new ServiceSpeed(site.tenants.length, site.classes.length)
  const none = site.tenants.map(() => new Float64Array(300).fill(5))
  const options = { site, services, speed, book, history: none, runSeconds: null }
  const canRetrain = site.tenants.map(() => false)
  const desk = await new Promise<NodeDesk>((resolve) => {
    const own: NodeDesk = new NodeDesk({
      ...{ site, plan, isAdvisory, now },
      tell: (fact) => facts.push(fact),
      stateNow: () => state,
      foresee: (span, nowSeconds) => {
        const arrived = site.tenants.map(() => new Float64Array(0))
        return outlookOfNode({ ...options, canRetrain }, { nowSeconds, span, state, arrived })
      },
      onForecast: () => undefined,
      onRecord: () => resolve(own),
      log: () => undefined,
    })
    own.ask('window-start')
  })
  return { kinds: facts.map(({ kind }) => kind), record: desk.records[0], desk }
}

const keeping: NodePlanner = async (problem) => {
  const plan = keepLayoutPlan(problem, 'migrator')
  const { objective } = valueOf(problem, plan)
  const work = { steps: 0, chargedSeconds: 0 }
  return { status: 'feasible', plan, objective, bound: null, gap: null, work }
}

test('a plan is put in force when the time reserved for it is over', async () => {
  const { kinds, record, desk } = await asked(keeping)
  expect(kinds).toEqual(['plan-requested', 'plan-accepted'])
  expect(record).toMatchObject({ status: 'feasible', wasPutInForce: true, windowIndex: 0 })
  expect(desk.predictions.get(0)).toHaveLength(site.tenants.length)
})

test('whatever goes wrong, the plan before goes on and the reason is told', async () => {
  const thrown = await asked(() => Promise.reject(new Error('out of memory')))
  expect(thrown.kinds).toEqual(['plan-requested', 'plan-refused'])
  expect(thrown.record).toMatchObject({ status: 'failed', message: 'out of memory', plan: null })
  const illegal = await asked(async (problem, options) => {
    const outcome = await keeping(problem, options)
    if (outcome.status === 'infeasible') return outcome
    return { ...outcome, plan: { ...outcome.plan, stateHash: 'of another state' } }
  })
  expect(illegal.kinds).toEqual(['plan-requested', 'plan-refused'])
  expect(illegal.record?.message).toMatch(/illegal/)
})

test('an advisory daemon plans and tells, and puts nothing in force', async () => {
  const { kinds, record } = await asked(keeping, true)
  expect(kinds).toEqual(['plan-requested', 'plan-refused'])
  expect(record?.plan).not.toBeNull()
  expect(record?.wasPutInForce).toBe(false)
})
