import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { studies } from '../../learning/studies.ts'
import { labelledLine } from '../labelled-data/labelled-request.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.ts'
import { driftingSource } from './drifting-source.ts'
import { type ProgressLine, type TrainingState, trainAtPace } from './paced-training.ts'
import { readTrainingData } from './training-data.ts'
import { readVersion, writeInitialVersion } from './version-directory.ts'

const study = must(studies[0])
const fresh = () => mkdtempSync(join(tmpdir(), 'migrator-reference-'))
const drift = { distancePerSecond: 0.01, shifts: [] }
const source = driftingSource({ study, seed: 1, drift, initialStaleness: 0.2 })
const wanted = { dimensions: 16, classes: 2, labelsMax: 300, extent: null }

function writeLabels(dir: string, name: string, requests: number, items = 1): void {
  const rng = new Rng(2, name)
  const lines = Array.from({ length: requests }, (_, i) => {
    const { request, labels } = source.requestAt(30, items, rng)
    const facts = { label: items === 1 ? must(labels[0]) : labels, version: 'v', atSeconds: i }
    return labelledLine(JSON.stringify(request), facts)
  })
  writeFileSync(join(dir, name), lines.join(''))
}

async function material() {
  const dir = fresh()
  writeLabels(dir, 'train-1.jsonl', 200)
  await writeInitialVersion(join(dir, 'v0'), study, { seed: 1, labelledUntilSeconds: 0 })
  const read = await readVersion(join(dir, 'v0'))
  if (read.kind === 'unusable') throw new Error(read.reason)
  const { samples } = await readTrainingData(dir, wanted)
  const configuration = must(study.configurations.find(({ id }) => id === 'short'))
  const plan = { configuration, samples, wholeSeconds: 0.6, name: 'v0/short' }
  const start: TrainingState = { model: read.model, epochsDone: 0, epochShare: 0 }
  return { dir, plan, start }
}

function hooksFor(stopping = new AbortController()) {
  const lines: ProgressLine[] = []
  const onProgress = (line: ProgressLine) => {
    lines.push(line)
  }
  return { lines, hooks: { onProgress, onEpoch: async () => {}, signal: stopping.signal } }
}

describe('a retraining at a pace', () => {
  test('interrupted and resumed makes the version that an uninterrupted one makes', async () => {
    const { dir, plan, start } = await material()
    const whole = await trainAtPace(plan, start, hooksFor().hooks)
    const stopping = new AbortController()
    setTimeout(() => stopping.abort(), 250)
    const half = await trainAtPace(plan, start, hooksFor(stopping).hooks)
    expect([half.epochsDone, half.epochShare > 0]).toEqual([1, true])
    const rest = { from: '/v0', configuration: 'short', data: [{ name: 'x', bytes: 7 }] }
    await writeCheckpoint(dir, { ...rest, ...half })
    const checkpoint = must(await readCheckpoint(dir))
    expect(checkpoint).toMatchObject(rest)
    const { hooks, lines } = hooksFor()
    const end = await trainAtPace(plan, checkpoint, hooks)
    expect(end.model.parameters).toEqual(whole.model.parameters)
    expect(lines[0]?.fraction).toBeCloseTo((1 + half.epochShare) / 3)
  })

  test('takes the paced time, tells its progress from the first step on, and learns', async () => {
    const { plan, start } = await material()
    const { hooks, lines } = hooksFor()
    const fromMs = performance.now()
    await trainAtPace(plan, start, hooks)
    expect(performance.now() - fromMs).toBeGreaterThanOrEqual(600)
    expect(lines.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3])
    expect(lines.map(({ fraction }) => fraction)).toEqual([0, 1 / 3, 2 / 3, 1])
    expect(must(lines[3]).loss).toBeLessThan(must(lines[0]).loss)
    expect(must(lines[3]).secondsLeft).toBe(0)
  })
})

describe('labelled data', () => {
  test('are read in order, of one item or several, the newest so many', async () => {
    const dir = fresh()
    writeLabels(dir, 'b.jsonl', 2, 5)
    writeLabels(dir, 'a.jsonl', 30)
    writeFileSync(join(dir, 'other.txt'), 'no data')
    const all = await readTrainingData(dir, wanted)
    expect([all.samples.count, all.samples.inputs.length, all.skipped]).toEqual([40, 640, 0])
    expect(all.extent.map(({ name }) => name)).toEqual(['a.jsonl', 'b.jsonl'])
    const newest = await readTrainingData(dir, { ...wanted, labelsMax: 10 })
    expect(newest.samples.labels).toEqual(all.samples.labels.slice(30))
    expect(newest.samples.inputs).toEqual(all.samples.inputs.slice(30 * 16))
  })

  test('are left out, line by line, where they are not of this model', async () => {
    const dir = fresh()
    writeLabels(dir, 'a.jsonl', 3)
    const wrong = [
      'not json',
      '{"label":1}',
      'null',
      '{"label":7,"request":{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}]}}',
      '{"label":1,"request":{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}]}}',
    ]
    writeFileSync(join(dir, 'b.jsonl'), `${wrong.join('\n')}\n{"label":1,"req`)
    const read = await readTrainingData(dir, wanted)
    expect([read.samples.count, read.skipped]).toEqual([3, 6])
  })

  test('that came after the start of an interrupted retraining are none of its', async () => {
    const dir = fresh()
    writeLabels(dir, 'a.jsonl', 3)
    const before = await readTrainingData(dir, wanted)
    writeLabels(dir, 'a.jsonl', 5)
    writeLabels(dir, 'b.jsonl', 5)
    const resumed = await readTrainingData(dir, { ...wanted, extent: before.extent })
    expect(resumed.samples).toEqual(before.samples)
    expect(resumed.extent).toEqual(before.extent)
  })
})

test('a checkpoint that was cut off is none', async () => {
  const { dir, start } = await material()
  const rest = { from: '/v0', configuration: 'short', data: [] }
  await writeCheckpoint(dir, { ...rest, ...start })
  writeFileSync(join(dir, 'checkpoint.json'), '{"format":1,"from":"/v0"')
  expect(await readCheckpoint(dir)).toBeNull()
  expect(await readCheckpoint(join(dir, 'nowhere'))).toBeNull()
})
