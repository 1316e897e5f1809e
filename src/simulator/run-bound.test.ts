import { expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { headline } from '../observe/goodput.ts'
import { type PolicyName, policies } from '../policies/registry.ts'
import { simulate } from './run.ts'
import { runBound } from './run-bound.ts'
import { serviceTables } from './service-tables.ts'

const names: readonly PolicyName[] = [
  'equal',
  'ekya-mig',
  'paris',
  'ekya',
  'astraea',
  'time-sliced',
]

/** So much load that the bound binds. */
const text = literalSite
  .replace('mean: 300/s', 'mean: 2500/s')
  .replace('amplify: 20', 'amplify: 60')
const site = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })

for (const name of names) {
  test(`no run of ${name} exceeds the bound of its mechanism`, () => {
    const policy = policies[name]({ site, solver: null, hindsight: null })
    const services = serviceTables(site)
    const run = simulate({ site, policy, seed: 1, services })
    const arrived = run.tenants.map(({ perSecond }) => perSecond.arrived)
    const bound = runBound(site, policy.mechanism, { seed: 1, arrived })
    const { goodput } = headline(run)
    expect(goodput).toBeLessThanOrEqual(bound)
    expect(bound).toBeLessThan(1)
    if (name !== 'time-sliced') expect(goodput).toBeGreaterThan(0.4 * bound)
  })
}
