import { describe, expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import type { Site } from '../core/site.ts'
import { InfeasibleSloError } from './config-error.ts'
import { resolveSite } from './resolve-site.ts'

function resolve(text: string, files: Readonly<Record<string, string>> = {}): Site {
  return resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral(files) })
}

const site = resolve(literalSite)
const [vision, language] = site.tenants as [Site['tenants'][0], Site['tenants'][0]]
const base = ['1g.10gb', '2g.20gb', '3g.40gb', '4g.40gb', '7g.80gb']

describe('a site file', () => {
  test('names GPUs, which are cut by their base profiles unless it lists others', () => {
    expect(site.gpus.map(({ id }) => id)).toEqual(['gpu-0'])
    expect(site.classes.map(({ name }) => name)).toEqual(base)
    const listed = literalSite.replace(
      '- model: a100-80gb',
      '- {model: a30, count: 2}\n  - {model: a100-80gb, profiles: [7g.80gb, 1g.10gb+me]}',
    )
    const several = resolve(listed)
    expect(several.gpus.map(({ id, model }) => `${id} ${model.id}`)).toEqual([
      'gpu-0 a30',
      'gpu-1 a30',
      'gpu-2 a100-80gb',
    ])
    expect(several.classes.map(({ gpuModelId, name }) => `${gpuModelId} ${name}`)).toEqual([
      'a30 1g.6gb',
      'a30 2g.12gb',
      'a30 4g.24gb',
      'a100-80gb 1g.10gb+me',
      'a100-80gb 7g.80gb',
    ])
  })

  test('gives each tenant what its model serves within its SLO on each class', () => {
    expect(vision.serving.map((serving) => serving?.itemsMax)).toEqual([19, 40, 66, 76, 127])
    expect(vision.serving[1]?.capacityItemsPerSecond).toBeCloseTo(800, 0)
    expect(vision.serving.map((serving) => serving?.provenance)).toEqual(base.map(() => 'measured'))
  })

  test('gives each tenant the seconds of its job: samples x scale / measured rate', () => {
    expect(vision.retraining.map(({ configurationId }) => configurationId)).toEqual([
      'full',
      'short',
    ])
    expect(vision.retraining[0]?.samples).toBe(2 * 1500 * 10)
    expect(vision.retraining[0]?.secondsByClass[0]).toBeCloseTo(30_000 / 1304.22, 9)
    expect(vision.retraining[1]?.secondsByClass[4]).toBeCloseTo(5000 / 2243.88, 9)
    expect(language.retraining).toEqual([])
  })

  test('has defaults for costs, starts of workers and terms of planning', () => {
    expect(site.costs).toEqual({
      createSeconds: 0.2,
      destroySeconds: 0.2,
      cutOverSeconds: 1,
      checkpointSeconds: 0.75,
    })
    expect([vision.inferenceStartSeconds, vision.retrainingStartSeconds]).toEqual([5, 6.6])
    expect(language.inferenceStartSeconds).toBe(6)
    expect(vision.checkpointRestoreSeconds).toBe(0.35)
    expect([site.terminalSeconds, site.residenceSecondsMin, site.policy]).toEqual([
      100,
      0,
      'migrator',
    ])
    expect(site.planner).toEqual({ coarseSlotSeconds: 10, gapTarget: 0.003, workMax: 14_000 })
  })

  test('lets a tenant override times to start and state what memory it needs', () => {
    const own = literalSite.replace(
      '    weight: 2',
      '    start: {inference: 3s, retraining: 9s, restore: 1s}\n    memory: {inference: 30GiB}',
    )
    const tenant = resolve(own).tenants[1] as Site['tenants'][0]
    expect(tenant.inferenceStartSeconds).toBe(3)
    expect(tenant.retrainingStartSeconds).toBe(9)
    expect(tenant.checkpointRestoreSeconds).toBe(1)
    expect(tenant.serving.map((serving) => serving !== null)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ])
    const stated = 30 * 1024
    expect(tenant.memory.inferenceMiB).toEqual([null, null, stated, stated, stated])
  })

  test('knows what workers take of each class at the batches that they use there', () => {
    const [vision] = site.tenants
    expect(vision?.memory.inferenceMiB).toEqual([2460, 3203, 4618, 4708, 4885])
    expect(vision?.memory.retrainingMiB).toEqual([4864, 4954, 5044, 5134, 5404])
  })

  test('keeps what only the lab knows under simulation, and is a node without it', () => {
    const [first, second] = site.simulation?.tenants ?? []
    expect(site.simulation?.durationSeconds).toBe(300)
    expect(first?.arrivals.source.kind).toBe('generated')
    expect(first?.drift).toEqual({
      distancePerSecond: 0.001,
      shifts: [{ atSeconds: 50, distance: 0.2 }],
    })
    expect(second?.arrivals.source).toMatchObject({
      kind: 'trace',
      name: './counts.csv',
      amplification: { kind: 'resample', factor: 20 },
    })
    expect(language.itemsPerRequest).toBe(2)
    expect(second?.arrivals.items).toEqual([
      { items: 1, share: 0.75 },
      { items: 5, share: 0.25 },
    ])
    const node = literalSite.slice(0, literalSite.indexOf('simulation:'))
    expect(resolve(node).simulation).toBeNull()
  })

  test('may be JSON', () => {
    const json = JSON.stringify({
      version: 1,
      gpus: [{ model: 'a30' }],
      tenants: [{ name: 'a', model: 'minilm-l12', slo: '100ms', accuracy: './accuracy.json' }],
    })
    expect(resolve(json).tenants[0]?.serving.map((serving) => serving?.provenance)).toEqual([
      'derived',
      'derived',
      'derived',
    ])
  })

  test('may give the layout of policy static', () => {
    const text = `${literalSite}policy: static
static:
  - {profile: 4g.40gb, start: 0, tenant: vision}
  - {profile: 2g.20gb, start: 4, tenant: language}
  - {profile: 1g.10gb, start: 6, tenant: vision, role: retraining}
`
    expect(resolve(text).staticLayout).toEqual([
      { gpu: 0, profileId: 5, start: 0, tenant: 'vision', role: 'inference' },
      { gpu: 0, profileId: 14, start: 4, tenant: 'language', role: 'inference' },
      { gpu: 0, profileId: 19, start: 6, tenant: 'vision', role: 'retraining' },
    ])
  })
})

describe("a person's own figures", () => {
  const withOwn = literalSite.replace('tenants:\n  - name: vision', 'profiles: [./own.yaml]\n$&')
  const own = `version: 1
source: ours
tables:
  - {kind: inference, model: resnet50, gpu: a100-80gb, startSeconds: 2, batches: [4],
     perSecond: {1g.10gb: [1000], 2g.20gb: [did-not-run]}}
derived:
  - {rule: same-slices, kind: inference, models: [bert-large], gpu: h100-80gb, basedOn: a100-80gb,
     factor: 2, reason: a guess}
`

  test('replace shipped ones profile by profile, and are marked so', () => {
    const [tenant] = resolve(withOwn, { './own.yaml': own }).tenants
    expect(tenant?.serving.map((serving) => serving?.provenance)).toEqual([
      'own',
      undefined,
      'measured',
      'measured',
      'measured',
    ])
    expect(tenant?.serving[0]?.capacityItemsPerSecond).toBeCloseTo(1000, 9)
    expect(tenant?.inferenceStartSeconds).toBe(2)
  })

  test('may be derived from shipped ones by a rule of their own', () => {
    const h100 = withOwn
      .replace('model: a100-80gb', 'model: h100-80gb')
      .replace(/ {2}- name: vision[\s\S]*? {2}- name: language/, '  - name: language')
      .replace(/ {4}vision:[\s\S]*? {4}language:/, '    language:')
    const [tenant] = resolve(h100, { './own.yaml': own }).tenants
    const figures = tenant?.serving.map((serving) => serving?.provenance)
    expect(figures).toEqual(['own', 'own', 'own', 'own', 'own'])
    const a100 = language.serving[0]?.latencySeconds[1] as number
    expect(tenant?.serving[0]?.latencySeconds[1]).toBeCloseTo(a100 / 2, 12)
  })
})

test('an SLO that no instance meets names the tenant and the nearest feasible SLO', () => {
  const tight = literalSite.replace('slo: 400ms', 'slo: 10ms')
  let caught: unknown
  try {
    resolve(tight)
  } catch (error) {
    caught = error
  }
  if (!(caught instanceof InfeasibleSloError)) throw new Error('An InfeasibleSloError is due')
  expect(caught.code).toBe('slo-infeasible')
  expect(caught.tenant).toBe('language')
  expect(caught.message).toBe(
    'Cannot meet the SLO of tenant language at tenants[1].slo (site.yaml:16:10): no GPU instance ' +
      'of the site answers within 10ms; the nearest feasible SLO is 15ms (slo-infeasible)',
  )
  const nearest = `${caught.feasibleSloSeconds * 1000}ms`
  expect(resolve(literalSite.replace('slo: 400ms', `slo: ${nearest}`)).tenants).toHaveLength(2)
})
