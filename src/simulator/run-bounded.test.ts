import { expect, test } from 'vitest'
import { fixedPolicy } from '../../test/fixed-policy.ts'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { headline } from '../observe/goodput.ts'
import { assertBounded, simulate } from './run.ts'

const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })
const vision = { gpu: 0, profileId: 5, start: 0, tenant: 'vision', role: 'inference' } as const
const language = { ...vision, profileId: 9, start: 4, tenant: 'language' } as const

test('a run tells the bound of its mechanism, and one that beats it is refused loudly', () => {
  const policy = fixedPolicy(() => [vision, language])
  const result = simulate({ site, policy, seed: 1 })
  const { goodput } = headline(result)
  expect(result.bound).toBeGreaterThan(goodput)
  expect(result.bound).toBeLessThan(1)
  expect(() => assertBounded(result)).not.toThrow()
  const bound = goodput - 1e-6
  expect(() => assertBounded({ ...result, bound })).toThrow(/fixed has Goodput .* the bound is/)
})
