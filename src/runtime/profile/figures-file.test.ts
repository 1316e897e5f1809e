import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataText } from '../../../test/data-files.ts'
import { findRow, findStart } from '../../config/profiles/profile-library.ts'
import { readProfiles } from '../../config/profiles/read-profiles.ts'
import { type FiguresOf, openFiguresFile } from './figures-file.ts'
import type { MeasuredProfile } from './measured-table.ts'

const path = (name = 'own.yaml') => join(mkdtempSync(join(tmpdir(), 'migrator-figures-')), name)

const conditions = {
  device: 'nvml',
  driver: '580.65.06',
  board: 'NVIDIA H100 80GB HBM3',
  worker: 'python3 server.py',
  requests: 'made-up requests of 1 item',
  conditions: 'aaaa',
} as const

const serving = (profile: string): FiguresOf => ({
  key: { kind: 'inference', model: 'our-ranker', gpu: 'h100-80gb', batch: null },
  conditions,
  profile,
})

const training = (profile: string): FiguresOf => ({
  key: { kind: 'training', model: 'our-job', gpu: 'h100-80gb', batch: 64 },
  conditions,
  profile,
})

const date = '2026-03-01T10:00:00.000Z'
const timed = (perSecond: number) => ({
  count: 50,
  perSecond,
  medianSeconds: 0.01,
  p95Seconds: 0.02,
})

const small: MeasuredProfile = {
  startSeconds: [3, 5, 4],
  memoryMiB: 2100,
  batches: [
    { items: 1, date, outcome: timed(210.123456) },
    { items: 8, date, outcome: { didNotRun: 'CUDA out of memory' } },
  ],
  retraining: null,
}

const large: MeasuredProfile = {
  ...small,
  startSeconds: [2],
  batches: [{ items: 8, date, outcome: timed(900) }],
}

/** What a site that names the file knows by it. */
function libraryOf(file: string) {
  const shipped = (name: string): string => dataText(name.replace('migrator:', ''))
  return readProfiles(shipped, [{ text: readFileSync(file, 'utf8'), file }])
}

for (const name of ['own.yaml', 'own.json']) {
  test(`a site reads what ${name} has, as its own figures`, () => {
    const file = path(name)
    const figures = openFiguresFile(file)
    figures.keep(serving('3g.40gb'), large)
    figures.keep(serving('1g.10gb'), small)
    const library = libraryOf(file)
    const wanted = { kind: 'inference', model: 'our-ranker', gpu: 'h100-80gb' } as const
    expect(findRow(library, { ...wanted, profile: '1g.10gb' })).toMatchObject({
      provenance: 'own',
      source: 'measured by migrator profile on NVIDIA H100 80GB HBM3, driver 580.65.06, 2026-03-01',
      points: [
        { items: 1, perSecond: 210.12 },
        { items: 8, perSecond: 'did-not-run' },
      ],
    })
    expect(findRow(library, { ...wanted, profile: '3g.40gb' })?.points).toEqual([
      { items: 8, perSecond: 900 },
    ])
    // The slowest profile's median, since one figure stands for all of them.
    expect(findStart(library, 'inference', 'our-ranker')?.seconds).toBe(4)
  })
}

test('a retraining is kept as samples per second of its job', () => {
  const file = path()
  const outcome = { seconds: 30, shareDone: 0.5, samplesPerSecond: 150 }
  const retraining = { date, configuration: 'full', outcome }
  const none = { ...small, startSeconds: [6], batches: [], retraining }
  openFiguresFile(file).keep(training('1g.10gb'), none)
  const wanted = {
    kind: 'training',
    model: 'our-job',
    gpu: 'h100-80gb',
    profile: '1g.10gb',
  } as const
  expect(findRow(libraryOf(file), wanted)?.points).toEqual([{ items: 64, perSecond: 150 }])
  expect(openFiguresFile(file).find(training('1g.10gb'))).toEqual(none)
})

test('what was kept is found again, under the same conditions alone', () => {
  const file = path()
  openFiguresFile(file).keep(serving('1g.10gb'), small)
  const again = openFiguresFile(file)
  expect(again.find(serving('1g.10gb')).batches[1]).toEqual(small.batches[1])
  expect(again.find(serving('2g.20gb')).batches).toEqual([])
  expect(again.outdated(serving('1g.10gb'))).toBeNull()
  const other = { ...serving('1g.10gb'), conditions: { ...conditions, conditions: 'bbbb' } }
  expect(again.find(other).batches).toEqual([])
  expect(again.outdated(other)).toMatchObject({ driver: '580.65.06' })
})

test('figures of other conditions make way for the first new one, and stay in a copy', () => {
  const file = path()
  const figures = openFiguresFile(file)
  figures.keep(serving('1g.10gb'), small)
  figures.keep(serving('3g.40gb'), large)
  const other = { ...serving('1g.10gb'), conditions: { ...conditions, conditions: 'bbbb' } }
  openFiguresFile(file).keep(other, small)
  const now = openFiguresFile(file)
  expect(now.tables().map(({ measured }) => Object.keys(measured.profiles))).toEqual([['1g.10gb']])
  expect(openFiguresFile(`${file}.old`).find(serving('3g.40gb'))).toMatchObject({ memoryMiB: 2100 })
})

test('a file that a person wrote is not added to', () => {
  const file = path()
  const text = 'version: 1\nsource: by hand\ntables: []\nderived: []\n'
  writeFileSync(file, text)
  expect(() => openFiguresFile(file)).toThrow(/did not write/)
  expect(readFileSync(file, 'utf8')).toBe(text)
  expect(existsSync(`${file}.old`)).toBe(false)
})

test('figures of a simulated device say that they are none of a GPU', () => {
  const file = path()
  const simulated = { ...conditions, device: 'simulated', worker: 'reference worker' } as const
  openFiguresFile(file).keep({ ...serving('1g.10gb'), conditions: simulated }, small)
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(/on a simulated device.*reference workers/)
  expect(text.replaceAll(/\s+/g, ' ')).toMatch(
    /measured: on a simulated device, .* no figures of a GPU/,
  )
})
