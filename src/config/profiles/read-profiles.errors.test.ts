import { test } from 'vitest'
import { edited } from '../../../test/edit-text.ts'
import { expectGolden } from '../../../test/golden.ts'
import { literalSite } from '../../../test/literal-site.ts'
import { type SiteCase as Case, refusalOf } from '../../../test/refused-site.ts'

const head = 'version: 1\nsource: ours\ntables:\n'
const key = 'kind: inference, model: a, gpu: a100-80gb'
const withFile = (own: string): Case => [
  edited(literalSite, 'slot: 1s', 'slot: 1s\nprofiles: [./own.yaml]'),
  { './own.yaml': own },
]
const withOwn = (rest: string) => withFile(`${head}  - {${key}, ${rest}}\n`)

const cases: Readonly<Record<string, Case>> = {
  'fewer figures than batch sizes': withOwn('batches: [1, 2], perSecond: {1g.10gb: [1]}'),
  'a negative figure': withOwn('batches: [1, 2], perSecond: {1g.10gb: [1, -2]}'),
  'a figure that is NaN': withOwn('batches: [1, 2], perSecond: {1g.10gb: [1, .nan]}'),
  'a profile of another GPU': withOwn('batches: [1, 2], perSecond: {1g.5gb: [1, 2]}'),
  'batch sizes that fall': withOwn('batches: [2, 1], perSecond: {1g.10gb: [1, 2]}'),
  'fewer counts of workers than batch sizes': withOwn(
    'batches: [1, 2], perSecond: {}, together: {1g.10gb: [1]}',
  ),
  'memory of nothing': withOwn('batches: [1, 2], perSecond: {}, memoryMiB: {1g.10gb: [0, 9]}'),
  'an unknown key': withOwn('batches: [1], persecond: {1g.10gb: [1]}'),
  'no tables': withFile('version: 1\nsource: ours\n'),
  'an unknown rule': withFile(
    'version: 1\nsource: ours\ntables: []\nderived: [{rule: same-slice}]\n',
  ),
  'a table twice': withFile(
    `${head}  - {${key}, batches: [1], perSecond: {}}\n  - {${key}, batches: [1], perSecond: {}}\n`,
  ),
}

test('every bad file of figures is refused with place, found and accepted', () => {
  const lines = Object.entries(cases).map(([what, one]) => `${what}\n  ${refusalOf(one).message}\n`)
  expectGolden('config-errors/profiles.txt', lines.join(''))
})
