import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataText, readShipped } from '../../../test/data-files.ts'
import { profileFileSchema } from '../schema/profile-schema.ts'
import { findRow, type ProfileRow } from './profile-library.ts'
import { readProfiles, shippedProfileFiles } from './read-profiles.ts'

/**
 * Holds every typed figure against the publishers' tables. MIGRATOR_TEST_DATA names the folder with
 * `mig-inference/*.csv` and `mig-training/*.csv`; without it these tests are shown as skipped.
 */
const folder = process.env['MIGRATOR_TEST_DATA']
const library = readProfiles(readShipped, [])

type Line = Readonly<Record<string, string>>

function linesOf(file: string): readonly Line[] {
  const [header = '', ...rest] = readFileSync(join(folder as string, file), 'utf8')
    .trim()
    .split('\n')
  const names = header.split(',')
  return rest.map((line) => {
    const cells = line.split(',')
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']))
  })
}

/** Checks the lines against the library, and that no measured figure has no line. */
function compare(
  lines: readonly Line[],
  options: {
    readonly kind: ProfileRow['kind']
    readonly source: string
    readonly names: Readonly<Record<string, string>>
    readonly gpuOf: (line: Line) => string
    readonly rateOf: (line: Line) => number
  },
): number {
  const seen = new Set<string>()
  for (const line of lines) {
    const { kind, names } = options
    const model = names[line['model'] as string] ?? (line['model'] as string)
    const gpu = options.gpuOf(line)
    const profile = line['profile'] as string
    const row = findRow(library, { kind, model, gpu, profile })
    const items = Number(line['batch'])
    const key = [model, gpu, profile, items].join(' ')
    if (seen.has(key)) continue
    seen.add(key)
    const typed = row?.points.find((point) => point.items === items)?.perSecond
    if (line['status'] === 'ok') expect(typed, key).toBeCloseTo(options.rateOf(line), 2)
    else expect(typed, key).toBe('did-not-run')
  }
  const measured = [...library.rows.values()].filter(
    (row) => row.provenance === 'measured' && row.kind === options.kind,
  )
  const ours = measured.filter((row) => row.source.startsWith(options.source))
  const points = ours.flatMap((row) => row.points)
  expect(points).toHaveLength(seen.size)
  return points.length
}

const migperfNames = {
  'bert-base-multilingual-cased': 'bert-base-multilingual',
  'distiluse-base-multilingual-cased-v1': 'distiluse-v1',
  'distiluse-base-multilingual-cased-v2': 'distiluse-v2',
  'paraphrase-multilingual-MiniLM-L12-v2': 'minilm-l12',
  'paraphrase-multilingual-mpnet-base-v2': 'mpnet-base',
  vision_transformer: 'vit-b16',
  resnet50_moco: 'resnet50-moco',
}

test.skipIf(folder === undefined)('ParvaGPU figures are those of the source', () => {
  const lines = linesOf('mig-inference/parvagpu_a100-80gb_inference.csv')
  const count = compare(
    lines.filter((line) => line['processes'] === '1' && line['note'] === ''),
    {
      kind: 'inference',
      source: 'ParvaGPU',
      names: { bert: 'bert-large' },
      gpuOf: () => 'a100-80gb',
      rateOf: (line) => Number(line['throughput_per_process_per_s']),
    },
  )
  expect(count).toBe(360)
})

for (const [kind, file, count] of [
  ['inference', 'mig-inference/migperf_a100_inference.csv', 252],
  ['training', 'mig-training/migperf_a100_training.csv', 88],
] as const) {
  test.skipIf(folder === undefined)(`MIGPerf ${kind} figures are batch over latency`, () => {
    const lines = linesOf(file).filter(
      ({ seq_length, model }) =>
        (seq_length === '' || seq_length === '64') &&
        !(kind === 'inference' && model === 'resnet50'),
    )
    const compared = compare(lines, {
      kind,
      source: 'MIGPerf',
      names: migperfNames,
      gpuOf: (line) => (line['gpu'] as string).toLowerCase(),
      rateOf: (line) => Number(line['samples_per_s']),
    })
    for (const line of lines.filter(({ status }) => status === 'ok')) {
      const rate = (Number(line['batch']) * 1000) / Number(line['latency_ms'])
      expect(Number(line['samples_per_s']) / rate).toBeCloseTo(1, 4)
    }
    expect(compared).toBe(count)
  })
}

test.skipIf(folder === undefined)('MISO figures are batch over the mean step', () => {
  const lines = linesOf('mig-training/miso_a100-40gb_training.csv')
  const count = compare(lines, {
    kind: 'training',
    source: 'MISO',
    names: { resnet: 'resnet50-cifar', mobilenet: 'mobilenet-cifar', bert: 'bert-finetune' },
    gpuOf: () => 'a100-40gb',
    rateOf: (line) => Number(line['samples_per_s']),
  })
  for (const line of lines.filter(({ status }) => status === 'ok')) {
    const rate = Number(line['batch']) / Number(line['mean_step_s'])
    expect(Number(line['samples_per_s']) / rate).toBeCloseTo(1, 4)
  }
  expect(count).toBe(160)
})

/** What tables say beside throughput, by model, profile and batch. */
function typed(file: string, key: 'memoryMiB' | 'together'): ReadonlyMap<string, number> {
  const { tables } = profileFileSchema.parse(JSON.parse(dataText(`profiles/${file}`)))
  const cells = tables.flatMap(({ kind, model, gpu, batches, ...table }) =>
    Object.entries(table[key] ?? {}).flatMap(([profile, list]) =>
      list.flatMap((value, i): [string, number][] =>
        value === null ? [] : [[[kind, model, gpu, profile, batches[i]].join(' '), value]],
      ),
    ),
  )
  return new Map(cells)
}

test.skipIf(folder === undefined)('together are the most processes that ran in the source', () => {
  const most = new Map<string, number>()
  for (const line of linesOf('mig-inference/parvagpu_a100-80gb_inference.csv')) {
    if (line['status'] !== 'ok' || line['note'] !== '') continue
    const model = line['model'] === 'bert' ? 'bert-large' : line['model']
    const key = `inference ${model} a100-80gb ${line['profile']} ${line['batch']}`
    most.set(key, Math.max(most.get(key) ?? 0, Number(line['processes'])))
  }
  expect(typed('parvagpu.json', 'together')).toEqual(most)
})

test.skipIf(folder === undefined)('memory in use is that of the source, rounded up', () => {
  const used = new Map<string, number>()
  for (const kind of ['inference', 'training']) {
    for (const line of linesOf(`mig-${kind}/migperf_a100_${kind}.csv`)) {
      if (!['', '64'].includes(line['seq_length'] as string) || line['fb_used_mib'] === '') continue
      const model = (migperfNames as Record<string, string>)[line['model'] as string]
      const gpu = (line['gpu'] as string).toLowerCase()
      const key = [kind, model ?? line['model'], gpu, line['profile'], line['batch']].join(' ')
      if (!used.has(key)) used.set(key, Math.ceil(Number(line['fb_used_mib'])))
    }
  }
  expect(typed('migperf.json', 'memoryMiB')).toEqual(used)
})

test('no file of figures comes from a source without a licence', () => {
  for (const name of shippedProfileFiles)
    expect(dataText(`profiles/${name}`)).toMatch(/MIT licence/)
})
