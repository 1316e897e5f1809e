import { afterEach, expect, test } from 'vitest'
import { planFromBlocks } from '../../src/core/plan/plan-from-blocks.ts'
import { lendWhereItFits } from '../../src/core/plan/takeover.ts'
import { valueOf } from '../../src/core/plan/value.ts'
import { fixedPolicy } from '../fixed-policy.ts'
import { LiveNode, liveNodeSite } from './live-node.ts'

/** Two tenants who have half a GPU in turn; a worker takes seconds to start. */
const tenantOf = (name: string) => `  - name: ${name}
    model: resnet50
    slo: 2s
    items: 8
    accuracy: easy
    start: { inference: 3s, retraining: 200ms, restore: 50ms }
    workers: reference
`
const head = liveNodeSite
  .slice(0, liveNodeSite.indexOf('tenants:\n'))
  .replace('window: 5s', 'window: 20s')
const text = `${head}tenants:
${tenantOf('vision')}${tenantOf('other')}node: { planning: 500ms, router: { port: 0 } }
`
const place = { gpu: 0, profileId: 9, start: 0 }

let node: LiveNode | null = null
afterEach(async () => {
  await node?.cleanUp()
  node = null
})

/** Whoever is to have it has it from each plan's start on, and whoever had it lends it. */
function taking(): { readonly own: LiveNode; holder: 'vision' | 'other' } {
  const policy = fixedPolicy(() => [], {
    plan: (problem) => {
      const tenantIndex = problem.tenants.findIndex(({ id }) => id === turns.holder)
      const role = { kind: 'inference' } as const
      const block = { place, tenantIndex, fromSlot: 0, untilSlot: problem.slotCount, role }
      const plan = lendWhereItFits(problem, planFromBlocks(problem, 'in turn', [block]))
      const { objective } = valueOf(problem, plan)
      const work = { steps: 1, chargedSeconds: 0 }
      return { status: 'feasible', plan, objective, bound: null, gap: null, work }
    },
  })
  const turns: { readonly own: LiveNode; holder: 'vision' | 'other' } = {
    own: new LiveNode({ text, policy }),
    holder: 'vision',
  }
  node = turns.own
  return turns
}

/** What was wished and told of workers and the instance, in words. */
function story({ events }: LiveNode): readonly string[] {
  return events.flatMap((event) => {
    if (event.kind === 'effect') {
      const { effect } = event
      if (effect.kind === 'start-worker') return [`start ${effect.tenant}`]
      if (effect.kind === 'route-drain') return [`drain ${effect.tenant}`]
      return /instance/.test(effect.kind) ? [effect.kind] : []
    }
    return event.kind === 'fact' && event.event.kind === 'serving' ? ['serving'] : []
  })
}

/** Asks a tenant all the time; the answers that were none, and how many were asked for. */
function asking(own: LiveNode, tenant: string) {
  let isOver = false
  const counts = { asked: 0, missed: 0 }
  const asked = (async () => {
    while (!isOver) {
      counts.asked += 1
      if ((await own.infer(tenant).catch(() => null)) === null) counts.missed += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  return async () => {
    isOver = true
    await asked
    return counts
  }
}

test('one tenant takes a GPU instance over from another, and back, and it is never idle', {
  timeout: 120_000,
}, async () => {
  const turns = taking()
  const { own } = turns
  await own.open()
  await own.until(async () => (await own.infer()) !== null, 'the first one is served')
  for (const [before, after] of [
    ['vision', 'other'],
    ['other', 'vision'],
  ] as const) {
    own.events = []
    turns.holder = after
    const stop = asking(own, before)
    await own.until(() => {
      own.running.daemon.askForPlan()
      return story(own).includes('share-instance')
    }, 'another worker is to come')
    await own.until(() => own.running.workers.list().length === 2, 'it is started')
    const devices = own.running.workers.list().map(({ spec }) => spec.device)
    expect(new Set(devices).size).toBe(1)
    await own.until(() => own.facts('worker-ready') > 0, 'it is ready')
    const { asked, missed } = await stop()
    expect(asked).toBeGreaterThan(20)
    expect(missed).toBe(0)
    await own.until(() => story(own).includes('leave-instance'), 'it has taken over')
    expect(story(own)).toEqual([
      'share-instance',
      `start ${after}`,
      'serving',
      `drain ${before}`,
      'leave-instance',
    ])
    expect(await own.infer(after)).not.toBeNull()
    expect(own.running.daemon.state.instances).toHaveLength(1)
  }
})

test('a takeover goes on under the next daemon, which finds both workers on the instance', {
  timeout: 120_000,
}, async () => {
  const turns = taking()
  const { own } = turns
  await own.open()
  await own.until(async () => (await own.infer()) !== null, 'the first one is served')
  turns.holder = 'other'
  await own.until(() => {
    own.running.daemon.askForPlan()
    return own.running.workers.list().length === 2
  }, 'another worker is started')
  const idsOf = () => own.running.workers.list().map(({ spec }) => spec.id)
  const before = idsOf().sort()
  await own.leave()
  own.events = []
  await own.open()
  const { instances } = own.running.daemon.state
  expect(instances.map(({ worker }) => worker?.tenant)).toEqual(['vision', 'other'])
  expect(instances[1]?.besides).toBe(instances[0]?.id)
  expect(idsOf().sort()).toEqual(before)
  const stop = asking(own, 'vision')
  await own.until(() => own.facts('worker-ready') > 0, 'it is ready')
  expect((await stop()).missed).toBe(0)
  await own.until(() => own.facts('worker-stopped') > 0, 'it has taken over')
  expect(await own.infer('other')).not.toBeNull()
  expect(own.running.workers.list().map(({ spec }) => spec.tenant)).toEqual(['other'])
  expect(
    own.events.some((own) => own.kind === 'effect' && own.effect.kind === 'start-worker'),
  ).toBe(false)
})

test('a new version is loaded beside the one that serves', { timeout: 120_000 }, async () => {
  const own = new LiveNode()
  node = own
  await own.open()
  await own.until(async () => (await own.infer()) !== null, 'the tenant is served')
  own.retrains = true
  await own.until(async () => {
    await own.teach(10, (classes) => classes.map(() => 1))
    return own.facts('version-loaded') > 0
  }, 'a better version is loaded')
  const loads = own.events.flatMap((event) =>
    event.kind === 'effect' && event.effect.kind === 'load-version' ? [event.effect] : [],
  )
  expect(loads[0]).toMatchObject({ isBeside: true })
  expect((await own.infer())?.version).toBe(loads[0]?.version)
})
