import { test } from 'vitest'
import { edited } from '../../test/edit-text.ts'
import { expectGolden } from '../../test/golden.ts'
import { literalSite } from '../../test/literal-site.ts'
import { type SiteCase as Case, refusalOf } from '../../test/refused-site.ts'

const edit = (part: string, by: string) => edited(literalSite, part, by)
const sine = 'generate: sine, mean: 300/s, amplitude: 0.5, period: 150s'

const cases: Readonly<Record<string, Case>> = {
  'a run that is no number of windows': [edit('duration: 300s', 'duration: 350s')],
  'a tenant without arrivals': [
    literalSite.slice(0, literalSite.indexOf('    language:\n      arr')),
  ],
  'arrivals of a stranger': [edit('    vision:\n      arr', '    visio:\n      arr')],
  'a seed twice': [edit('seeds: [1, 2]', 'seeds: [1, 1]')],
  'no seed': [edit('seeds: [1, 2]', 'seeds: []')],
  'a negative rate': [edit('mean: 300/s', 'mean: -300/s')],
  'a rate that is NaN': [edit('mean: 300/s', 'mean: NaN')],
  'an unknown pattern': [edit('generate: sine', 'generate: sinus')],
  'a pattern without its period': [edit(', period: 150s', '')],
  'an unknown key of a trace': [edit('format: counts', 'fromat: counts')],
  'an unknown format': [edit('format: counts', 'format: csv')],
  'a path without a format': [edit('format: counts, ', '')],
  'an unknown trace': [edit('./counts.csv, format: counts', 'azure-llm-2024')],
  'a trace that is not there': [edit('./counts.csv', './count.csv')],
  'an empty trace': [literalSite, { './counts.csv': '' }],
  'a trace without rows': [literalSite, { './counts.csv': 'second,requests\n' }],
  'a truncated trace': [literalSite, { './counts.csv': 'second,requests\n0,1\n1,2\n2' }],
  'a negative count': [literalSite, { './counts.csv': 'second,requests\n0,1\n1,-2\n' }],
  'a count that is NaN': [literalSite, { './counts.csv': 'second,requests\n0,NaN\n' }],
  'a trace that is too short': [literalSite, { './counts.csv': 'second,requests\n0,1\n' }],
  'a fraction of a second into a trace': [edit('amplify: 20', 'offset: 1.5s')],
  'a fraction of a copy': [edit('amplify: 20', 'amplify: 2.5, method: superpose')],
  'steps out of order': [
    edit(sine, 'generate: steps, steps: [{at: 5s, rate: 1/s}, {at: 5s, rate: 2/s}]'),
  ],
  'a ramp that ends before it starts': [
    edit(sine, 'generate: ramp, from: 1/s, to: 2/s, start: 5s, end: 5s'),
  ],
}

test('every bad fact of the lab is refused with place, found and accepted', () => {
  const lines = Object.entries(cases).map(([what, one]) => `${what}\n  ${refusalOf(one).message}\n`)
  expectGolden('config-errors/simulation.txt', lines.join(''))
})
