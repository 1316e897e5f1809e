import { expect, test } from 'vitest'
import {
  changeTo,
  Killed,
  layoutOn,
  maximalLayouts,
  reconfigureBench,
} from '../../test/reconfigure-bench.ts'
import { must } from '../base/assert.ts'
import {
  applyChange,
  type ChangeFile,
  differences,
  makeChange,
  targetsOfFile,
} from './change-file.ts'
import type { Context } from './context.ts'
import { parseChangeFile } from './parse-change-file.ts'
import { recover } from './recover.ts'

const made = { why: 'test', node: 'here', nowSeconds: 1000, validSeconds: 60 }
const soon = { nowSeconds: 1030, isDryRun: false }
const wanted = [
  { profileId: 5, placement: { start: 0, size: 4 } },
  { profileId: 9, placement: { start: 4, size: 4 } },
]

async function scene() {
  const bench = await reconfigureBench('a100-40gb')
  const gpu = must(bench.gpus[0])
  const context = bench.start()
  await changeTo(context, must(maximalLayouts(bench.model)[0]))
  return { bench, gpu, context, file: await fileFor(context, gpu) }
}

async function fileFor(context: Context, gpu: string): Promise<ChangeFile> {
  const change = await makeChange(context, [{ gpu, wanted }], made)
  if (change.kind === 'refused') throw new Error(JSON.stringify(change.refusals))
  return change.file
}

test('a change is carried out as it was written down, and is then applied', async () => {
  const { bench, context, file } = await scene()
  const steps = must(file.gpus[0]).steps.length
  expect(await differences(bench.device, targetsOfFile(file))).toHaveLength(1)
  expect(await applyChange(context, file, soon)).toEqual({ kind: 'done', steps })
  expect(await layoutOn(bench)).toEqual(['5@0', '9@4'])
  expect(await differences(bench.device, targetsOfFile(file))).toEqual([])
  expect(await applyChange(context, file, soon)).toEqual({ kind: 'nothing-to-do' })
})

test('a dry run says what it would do and does nothing', async () => {
  const { bench, context, file } = await scene()
  const before = await layoutOn(bench)
  const applied = await applyChange(context, file, { ...soon, isDryRun: true })
  expect(applied).toMatchObject({ kind: 'would-apply' })
  expect(await layoutOn(bench)).toEqual(before)
})

test('a change that has expired is refused', async () => {
  const { context, file } = await scene()
  const late = { nowSeconds: 1061, isDryRun: false }
  expect(await applyChange(context, file, late)).toEqual({ kind: 'expired', sinceSeconds: 1 })
})

test('a change is refused once anything on its GPU is another', async () => {
  const { bench, gpu, context, file } = await scene()
  const [first] = await bench.device.gpuInstances(gpu)
  const inner = must(first?.computeInstances[0])
  await bench.device.destroyComputeInstance(gpu, must(first), inner)
  const applied = await applyChange(context, file, soon)
  // The journal knows it as ours and the GPU as nobody's: whichever is told, nothing is done.
  expect(['drifted', 'refused']).toContain(applied.kind)
})

test('a change from the future is refused: the clock was set back', async () => {
  const { context, file } = await scene()
  const early = { nowSeconds: 500, isDryRun: false }
  const applied = await applyChange(context, file, early)
  expect(applied).toEqual({ kind: 'clock-set-back', bySeconds: 500 })
})

test('a change that was interrupted goes on where it was', async () => {
  const { bench, context, file } = await scene()
  const stop = new AbortController()
  const interrupted = await applyChange(context, file, {
    ...soon,
    signal: stop.signal,
    onStep: () => stop.abort(),
  })
  const steps = must(file.gpus[0]).steps.length
  expect(interrupted).toEqual({ kind: 'interrupted', steps, stepsDone: 1 })
  expect(await bench.disagreements()).toEqual([])
  const resumed = await applyChange(bench.start(), file, soon)
  expect(resumed).toEqual({ kind: 'done', steps: steps - 1 })
  expect(await layoutOn(bench)).toEqual(['5@0', '9@4'])
})

test('a change that a crash cut off goes on after recovery', async () => {
  const { bench, gpu, file } = await scene()
  const dying = bench.start({ crash: { entry: 5, when: 'after' } })
  await expect(applyChange(dying, file, soon)).rejects.toThrow(Killed)
  const context = bench.start()
  await recover(context, [gpu])
  expect((await applyChange(context, file, soon)).kind).toBe('done')
  expect(await layoutOn(bench)).toEqual(['5@0', '9@4'])
})

test('a change does not go on after somebody went another way', async () => {
  const { bench, gpu, context, file } = await scene()
  const dying = bench.start({ crash: { entry: 5, when: 'after' } })
  await expect(applyChange(dying, file, soon)).rejects.toThrow(Killed)
  await recover(context, [gpu])
  await changeTo(bench.start(), must(maximalLayouts(bench.model)[3]))
  expect((await applyChange(bench.start(), file, soon)).kind).toBe('drifted')
})

test('a change survives being written and read', async () => {
  const { file } = await scene()
  expect(parseChangeFile(JSON.stringify(file))).toEqual({ kind: 'parsed', file })
})

test.each([
  ['', 'it is no JSON'],
  ['[]', 'it is [], not an object'],
  ['{}', 'format is missing, not one of migrator-change-1'],
])('%s is no change', (text, what) => {
  expect(parseChangeFile(text)).toEqual({ kind: 'malformed', what })
})

test('every field of a change that is spoiled is named', async () => {
  const { file } = await scene()
  for (const path of paths(file)) {
    const spoiled = JSON.stringify(withSpoiled(file, path))
    const parsed = parseChangeFile(spoiled)
    const name = path.reduce<string>(
      (text, key) => (/^\d+$/.test(key) ? `${text}[${key}]` : `${text}.${key}`),
      '',
    )
    expect(parsed).toMatchObject({ kind: 'malformed' })
    expect(parsed.kind === 'malformed' && parsed.what).toContain(`${name.slice(1)} is`)
  }
})

function paths(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, own]) => paths(own, [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

function withSpoiled(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path
  if (key === undefined) return true
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...value]
    : { ...(value as Record<string, unknown>) }
  const fields = copy as Record<string, unknown>
  fields[key] = withSpoiled(fields[key], rest)
  return copy
}
