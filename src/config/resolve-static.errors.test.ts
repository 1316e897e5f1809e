import { test } from 'vitest'
import { edited } from '../../test/edit-text.ts'
import { expectGolden } from '../../test/golden.ts'
import { literalSite } from '../../test/literal-site.ts'
import { type SiteCase as Case, refusalOf } from '../../test/refused-site.ts'

const layout = (...lines: readonly string[]) =>
  `${literalSite}policy: static\nstatic:\n${lines.map((line) => `  - ${line}\n`).join('')}`

const cases: Readonly<Record<string, Case>> = {
  'policy static without one': [`${literalSite}policy: static\n`],
  'instances that overlap': [
    layout(
      '{profile: 4g.40gb, start: 0, tenant: vision}',
      '{profile: 2g.20gb, start: 2, tenant: language}',
    ),
  ],
  'a start where the profile has none': [layout('{profile: 4g.40gb, start: 1, tenant: vision}')],
  'an unknown tenant': [layout('{profile: 4g.40gb, start: 0, tenant: vison}')],
  'a GPU that is not there': [layout('{gpu: 1, profile: 4g.40gb, start: 0, tenant: vision}')],
  'an unknown profile': [layout('{profile: 5g.40gb, start: 0, tenant: vision}')],
  'a profile that the GPU is not cut into': [
    layout('{profile: 1g.20gb, start: 0, tenant: vision}'),
  ],
  'a role that nobody has': [
    layout('{profile: 4g.40gb, start: 0, tenant: language, role: retraining}'),
  ],
  'an instance too small for the model': [
    edited(
      layout('{profile: 1g.10gb, start: 0, tenant: language}'),
      'weight: 2',
      'memory: {inference: 15GiB}',
    ),
  ],
}

test('every bad static layout is refused with place, found and accepted', () => {
  const lines = Object.entries(cases).map(([what, one]) => `${what}\n  ${refusalOf(one).message}\n`)
  expectGolden('config-errors/static.txt', lines.join(''))
})
