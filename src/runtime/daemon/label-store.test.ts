import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { LabelStore } from './label-store.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrator-labels-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const options = { heldOutShare: 0.25, windowSeconds: 20, windowIndex: 0 }

function label(i: number, version = 'v1') {
  const request = { inputs: [{ name: 'x', shape: [2], datatype: 'FP32', data: [i, i] }] }
  return {
    requestId: `request-${i}`,
    version,
    atSeconds: (i % 200) / 10,
    items: 2,
    correctItems: i % 2,
    label: [0, 1],
    inputs: JSON.stringify(request),
  }
}

test('labels are counted by version, and by parts of a window', () => {
  const store = new LabelStore(join(folder, 'labels'), options)
  for (let i = 0; i < 200; i += 1) store.add(label(i, i < 100 ? 'v1' : 'v2'))
  const samples = store.close(1)
  expect(samples.map(({ versionId }) => versionId)).toEqual(['v1', 'v1', 'v2', 'v2'])
  expect(samples.map(({ labelled, correct }) => correct / labelled)).toEqual([
    0.25, 0.25, 0.25, 0.25,
  ])
  expect(must(samples[0]).atSeconds).toBeCloseTo(2.45)
  expect(store.close(2)).toEqual([])
})

test('a trainer gets a complete window, and nothing that versions are judged on', () => {
  const store = new LabelStore(join(folder, 'labels'), options)
  for (let i = 0; i < 400; i += 1) store.add(label(i))
  expect(store.isTrainable).toBe(false)
  expect(store.handTo(join(folder, 'early'))).toBe(false)
  store.close(1)
  expect(store.handTo(join(folder, 'data'))).toBe(true)
  const [name] = readdirSync(join(folder, 'data'))
  const lines = readFileSync(join(folder, 'data', must(name)), 'utf8')
    .trim()
    .split('\n')
  const trained = new Set(lines.map((line) => JSON.parse(line).request.inputs[0].data[0]))
  const heldOut = store.heldOut(1000).map(({ request }) => must(request.inputs[0]).data[0])
  expect(trained.size + heldOut.length).toBe(400)
  expect(heldOut.some((own) => trained.has(own))).toBe(false)
  expect(heldOut.length / 400).toBeGreaterThan(0.15)
  expect(heldOut.length / 400).toBeLessThan(0.35)
})

test('a request is held out or not for good, whichever program asks', () => {
  const first = new LabelStore(join(folder, 'a'), options)
  const second = new LabelStore(join(folder, 'b'), options)
  for (let i = 0; i < 50; i += 1) {
    first.add(label(i))
    second.add(label(i))
  }
  expect(first.heldOut(100)).toEqual(second.heldOut(100))
})

test('labels without their request are counted, and old windows go', () => {
  const store = new LabelStore(join(folder, 'labels'), options)
  store.add({ ...label(1), inputs: null })
  store.add(label(2))
  expect(must(store.close(1)[0]).labelled).toBe(4)
  for (let window = 2; window < 9; window += 1) {
    store.add(label(window))
    store.close(window)
  }
  const windows = readdirSync(join(folder, 'labels')).map((name) => Number(name.match(/\d+/)?.[0]))
  expect(Math.min(...windows)).toBeGreaterThanOrEqual(4)
})
