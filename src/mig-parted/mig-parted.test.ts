import { expect, test } from 'vitest'
import { must } from '../base/assert.ts'
import { findGpuModel } from '../core/mig/catalog.ts'
import { enumerateLayouts, layoutFrom } from '../core/mig/layout.ts'
import { baseProfileIds } from '../core/mig/placement.ts'
import { parseMigParted, printMigParted } from './mig-parted-file.ts'
import { countsOf, placeCounts } from './place-counts.ts'
import { exportLayouts, targetsOf } from './targets.ts'

const text = `version: v1
mig-configs:
  all-disabled:
    - devices: all
      mig-enabled: false
  balanced:
    - device-filter: ["0x20B010DE", "0x20B110DE"]
      devices: [0, 2]
      mig-enabled: true
      mig-devices:
        "1g.5gb": 2
        "2g.10gb": 1
        "3g.20gb": 1
`

test('a file of mig-parted is read and written again', () => {
  const parsed = parseMigParted(text)
  if (parsed.kind !== 'parsed') throw new Error(parsed.what)
  const [off] = must(parsed.file.configs.get('all-disabled'))
  expect(off).toMatchObject({ devices: 'all', migEnabled: false, deviceFilter: null })
  const [balanced] = must(parsed.file.configs.get('balanced'))
  expect(balanced?.devices).toEqual([0, 2])
  expect(balanced?.deviceFilter).toEqual(['0x20B010DE', '0x20B110DE'])
  expect([...must(balanced).migDevices]).toEqual([
    ['1g.5gb', 2],
    ['2g.10gb', 1],
    ['3g.20gb', 1],
  ])
  expect(parseMigParted(printMigParted(parsed.file))).toEqual(parsed)
})

test.each([
  ['version: v2\nmig-configs: {}', 'version is "v2", not \'v1\''],
  ['version: v1', 'mig-configs is missing, not a map'],
  ['version: v1\nmig-configs: {a: 3}', 'mig-configs.a is 3, not a list'],
  [
    'version: v1\nmig-configs: {a: [{devices: none, mig-enabled: true}]}',
    'mig-configs.a[0].devices is "none", not \'all\' or a list of indices',
  ],
  [
    'version: v1\nmig-configs: {a: [{devices: all, mig-enabled: true, mig-devices: {1g.5gb: -1}}]}',
    'mig-configs.a[0].mig-devices.1g.5gb is -1, not a whole number',
  ],
  [
    'version: v1\nmig-configs: {a: [{devices: all, mig-enabled: true, colour: red}]}',
    'mig-configs.a[0] has the key colour; ' +
      'known are device-filter, devices, mig-enabled, mig-devices',
  ],
])('what is wrong in a file is named: %s', (wrong, what) => {
  expect(parseMigParted(wrong)).toEqual({ kind: 'malformed', what })
})

const model = must(findGpuModel('a100-40gb'))

test('the counts of every layout can be placed again', () => {
  for (const layout of enumerateLayouts(model, baseProfileIds(model))) {
    const placed = placeCounts(layout, countsOf(layout))
    expect(placed).toEqual({ kind: 'placed', layout })
  }
})

test('counts are placed so that the fewest instances are touched', () => {
  const now = layoutFrom(model, [
    { profile: must(model.profiles.find(({ profileId }) => profileId === 9)), start: 4 },
  ])
  if (now.kind !== 'placed') throw new Error(now.kind)
  const counts = new Map([
    ['3g.20gb', 1],
    ['4g.20gb', 1],
  ])
  const placed = placeCounts(now.layout, counts)
  const starts = placed.kind === 'placed' ? placed.layout.placed.map(({ start }) => start) : []
  expect(starts).toEqual([0, 4])
})

test('counts that do not fit, and profiles that the GPU does not have, are told apart', () => {
  const empty = must(enumerateLayouts(model, [])[0])
  const many = new Map([['7g.40gb', 2]])
  expect(placeCounts(empty, many)).toEqual({ kind: 'does-not-fit' })
  const strange = new Map([['1g.10gb+me', 1]])
  expect(placeCounts(empty, strange)).toEqual({ kind: 'no-such-profile', name: '1g.10gb+me' })
})

test('a configuration says what each GPU is to have, the last entry about it', () => {
  const parsed = parseMigParted(`version: v1
mig-configs:
  mixed:
    - {devices: all, mig-enabled: true, mig-devices: {"3g.20gb": 2}}
    - {devices: [1], mig-enabled: true, mig-devices: {"7g.40gb": 1}}
    - {devices: [2], mig-enabled: false}
    - {device-filter: "0x233010DE", devices: [3], mig-enabled: false}
`)
  if (parsed.kind !== 'parsed') throw new Error(parsed.what)
  const layout = must(enumerateLayouts(model, [])[0])
  const gpus = [0, 1, 2, 3].map((index) => {
    return { index, gpu: `GPU-${index}`, pciDeviceId: '0x20B010DE', layout }
  })
  const result = targetsOf(parsed.file, 'mixed', gpus)
  const printed = result.kind === 'targets' ? result.targets : []
  expect(
    printed.map(({ gpu, layout: own }) => [gpu, own === null ? null : [...countsOf(own)]]),
  ).toEqual([
    ['GPU-0', [['3g.20gb', 2]]],
    ['GPU-1', [['7g.40gb', 1]]],
    ['GPU-2', null],
    ['GPU-3', [['3g.20gb', 2]]],
  ])
  expect(targetsOf(parsed.file, 'other', gpus)).toEqual({
    kind: 'no-such-config',
    known: ['mixed'],
  })
})

test('what is there is exported, alike GPUs together, and imports as itself', () => {
  const layouts = enumerateLayouts(model, baseProfileIds(model))
  const [one, two] = [must(layouts[5]), must(layouts[50])]
  const gpus = [one, two, one].map((layout, index) => ({ index, layout }))
  const file = exportLayouts('current', gpus)
  expect(file.configs.get('current')).toHaveLength(2)
  const known = gpus.map((own) => ({ ...own, gpu: `GPU-${own.index}`, pciDeviceId: null }))
  const result = targetsOf(file, 'current', known)
  const found = result.kind === 'targets' ? result.targets.map(({ layout }) => layout) : []
  expect(found).toEqual([one, two, one])
})
