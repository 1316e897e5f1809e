import { test } from 'vitest'
import { edited } from '../../test/edit-text.ts'
import { expectGolden } from '../../test/golden.ts'
import { literalSite } from '../../test/literal-site.ts'
import { type SiteCase as Case, refusalOf } from '../../test/refused-site.ts'

const edit = (part: string, by: string) => edited(literalSite, part, by)

const cases: Readonly<Record<string, Case>> = {
  'an empty file': [''],
  'a list': ['- a\n- b\n'],
  'an unclosed bracket': ['version: 1\ngpus: [a\n'],
  'a tab as indentation': ['version: 1\ngpus:\n\t- a\n'],
  'a key twice': ['version: 1\nversion: 1\n'],
  'two documents': ['version: 1\n---\nversion: 1\n'],
  'an unknown tag': ['version: !foo 1\n'],
  'an unknown key': [edit('window: 100s', 'windw: 100s')],
  'an unknown key of a tenant': [edit('slo: 100ms', 'sloo: 100ms')],
  'a missing key': [edit('version: 1\n', '')],
  'another version': [edit('version: 1', 'version: 2')],
  'a value that is no list': [edit('gpus:\n  - model: a100-80gb', 'gpus: a100-80gb')],
  'an unknown GPU': [edit('a100-80gb', 'a100-80g')],
  'an unknown profile': [edit('- model: a100-80gb', '- {model: a100-80gb, profiles: [3g.20gb]}')],
  'an unknown model': [edit('model: resnet50', 'model: gpt-5')],
  'an unknown training job': [edit('job: resnet50-cifar', 'job: resnet50-cifra')],
  'a batch size without figures': [edit('batch: 64', 'batch: 65')],
  'a duration without a unit': [edit('slo: 100ms', 'slo: 100')],
  'a duration that is none': [edit('slo: 100ms', 'slo: fast')],
  'a negative duration': [edit('slo: 100ms', 'slo: -100ms')],
  'an SLO of nothing': [edit('slo: 100ms', 'slo: 0')],
  NaN: [edit('weight: 2', 'weight: .nan')],
  infinity: [edit('weight: 2', 'weight: .inf')],
  'a weight of 0': [edit('weight: 2', 'weight: 0')],
  'a word for a number': [edit('weight: 2', 'weight: heavy')],
  'items of another kind': [edit('[{items: 1, share: 3}, {items: 5, share: 1}]', '0')],
  'memory that no instance has': [edit('weight: 2', 'memory: {inference: 200GiB}')],
  'a GPU without figures': [edit('a100-80gb', 'h100-80gb')],
  'an unknown accuracy table': [edit('./accuracy.json', 'esay')],
  'an accuracy table that is not there': [edit('./accuracy.json', './acc.json')],
  'an unknown configuration': [edit('samplesScale: 10', 'configurations: [full, shrot]')],
  'two tenants of one name': [edit('name: language', 'name: vision')],
  'a name with a blank': [edit('name: language', 'name: a b')],
  'a window that is no number of slots': [edit('window: 100s', 'window: 100.5s')],
  'a season that is missing': [edit('slot: 1s', 'slot: 1s\nforecast: {arrivals: seasonal}')],
  'a file of figures that is not there': [edit('slot: 1s', 'slot: 1s\nprofiles: [./no.yaml]')],
}

test('every bad site file is refused with its place, what was found and what is accepted', () => {
  const lines = Object.entries(cases).map(([what, one]) => `${what}\n  ${refusalOf(one).message}\n`)
  expectGolden('config-errors/site.txt', lines.join(''))
})
