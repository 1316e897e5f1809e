import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { expectGolden } from '../golden.ts'
import { migParted, type NodeScene, nodeScene } from './node-scene.ts'

const device = 'simulated:a100-80gb'
const site = readFileSync(new URL('../../data/sites/default.yaml', import.meta.url), 'utf8')

type Plan = Record<string, unknown> & {
  gpus: { gpu: string; to: { profileId: number; placement: { start: number; size: number } }[] }[]
}

/** Equal simulated nodes have equal GPUs, so one plan of a quick policy does for all scenes. */
const made = (() => {
  const scene = nodeScene(device)
  const path = scene.write('site.yaml', site)
  const words = ['-f', path, '-p', 'equal', '-o', 'plan.json', '--expires', '3600'] as const
  const answer = scene.run('plan', ...words)
  return { ...answer, path, json: readFileSync(`${scene.folder}/plan.json`, 'utf8') }
})()

function planned(): NodeScene & { readonly file: string; readonly plan: Plan } {
  const scene = nodeScene(device)
  return { ...scene, file: scene.write('plan.json', made.json), plan: JSON.parse(made.json) }
}

test('a plan is saved, reviewed, applied once and then found applied', async () => {
  const { run, file, plan, layouts } = planned()
  expect(made.code, made.stderr).toBe(0)
  expect(made.stderr).toMatch(/valid while state hash \w{16} holds, expires in 3600 s\. Next: mig/)
  expect(made.stdout).toMatch(
    /\n {2}GPU 0 {2}NVIDIA A100 80GB\n {4}\+ .* at {2}0 {2}\w+ inference\n/,
  )
  expect(made.stdout).toMatch(/Plan: \d to create, 0 to destroy, 0 mode changes\./)
  expectGolden('saved-plan.json', withoutTimes(plan))
  expect(run('assert', file).code).toBe(1)
  expect(run('apply', file, '--dry-run').stdout).toContain('would create')
  expect(await layouts()).toEqual([''])
  expect(run('apply', file).code).toBe(0)
  const wanted = plan.gpus[0]?.to.map((own) => `${own.profileId}@${own.placement.start}`)
  expect(await layouts()).toEqual([wanted?.join(' ')])
  expect(run('assert', '-f', file).code).toBe(0)
  expect(run('apply', file).stdout).toMatch(/Nothing to do/)
})

test('--detailed-exitcode tells whether there is something to change', () => {
  const { run, file } = planned()
  const words = ['-f', made.path, '-p', 'equal', '--detailed-exitcode'] as const
  expect(run('plan', ...words).code).toBe(2)
  run('apply', file)
  const again = run('plan', ...words, '-o', 'json')
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout).change.gpus[0].steps).toEqual([])
})

test('a plan is refused once the GPUs have changed', () => {
  const { run, write, file } = planned()
  run('apply', '-f', write('layouts.yaml', migParted), '-c', 'uneven')
  const { code, stderr } = run('apply', file)
  expect(stderr).toMatch(/the GPUs have changed since the file was made \(state hash \w{16}, not/)
  expect(code).toBe(4)
})

test('a plan that was interrupted goes on, although the GPUs have changed by it', async () => {
  const { run, start, file } = planned()
  const first = start('apply', file)
  await first.lines(1)
  first.child.kill('SIGINT')
  expect((await first.ended).code).toBe(130)
  expect(run('assert', file).code).toBe(1)
  expect(run('apply', file).code).toBe(0)
  expect(run('assert', file).code).toBe(0)
})

const hour = 3600
test.each([
  [
    'expired',
    { madeAtSeconds: -2 * hour, expiresAtSeconds: -hour },
    /the file expired 36\d\d s ago/,
  ],
  [
    'is from the future',
    { madeAtSeconds: hour, expiresAtSeconds: 2 * hour },
    /the file is from 3\d\d\d s ahead of this machine's clock/,
  ],
])('a plan that %s is refused', (_, times, message) => {
  const { run, write, plan } = planned()
  const now = Date.now() / 1000
  const shifted = Object.entries(times).map(([key, seconds]) => [key, now + seconds])
  const { code, stderr } = run(
    'apply',
    write('p.json', { ...plan, ...Object.fromEntries(shifted) }),
  )
  expect(stderr).toMatch(message)
  expect(code).toBe(4)
})

test('a plan of another node, with another profile or an illegal layout is refused', () => {
  const { run, write, plan } = planned()
  const spoil = (edit: (copy: Plan) => void) => {
    const copy: Plan = structuredClone(plan)
    edit(copy)
    return run('apply', write('spoilt.json', copy))
  }
  const first = (copy: Plan) => copy.gpus[0] as Plan['gpus'][number]
  const to = (copy: Plan) => first(copy).to[0] as Plan['gpus'][number]['to'][number]
  const other = spoil((copy) => {
    first(copy).gpu = 'GPU-12345678-1234-1234-1234-123456789abc'
  })
  expect(other.stderr).toMatch(
    /GPU-12345678-.* is not on this node\n {2}fix: it was made for another/,
  )
  const profile = spoil((copy) => {
    to(copy).profileId = 99
  })
  expect(profile.stderr).toMatch(
    /GPU 0 has no profile 99 of \d memory slices\n {2}fix: migrator doct/,
  )
  const place = spoil((copy) => {
    to(copy).placement.start = 3
  })
  expect(place.stderr).toMatch(/the layout cannot exist on GPU 0: .* (cannot start at|overlaps)/)
  expect([other.code, profile.code, place.code]).toEqual([4, 4, 4])
})

test('half a plan is no plan', () => {
  const { run, write, file } = planned()
  const text = readFileSync(file, 'utf8')
  const { code, stderr } = run('apply', write('half.json', text.slice(0, text.length / 2)))
  expect(stderr).toMatch(/as a saved plan \(migrator plan -o FILE\) it is no JSON/)
  expect(code).toBe(64)
})

test('a plan for GPUs that the node does not have is not saved', () => {
  const { run, folder } = planned()
  const words = ['-f', made.path, '-p', 'equal', '-o', 'none.json'] as const
  const { code, stderr } = run('plan', ...words, '-d', 'simulated:h100-80gb')
  expect(stderr).toMatch(
    /the site plans for NVIDIA A100 80GB, and this node has no.*\n {2}fix: GPUs/,
  )
  expect(code).toBe(4)
  expect(() => readFileSync(`${folder}/none.json`)).toThrow()
})

function withoutTimes(plan: Plan): string {
  const fixed = { node: 'NODE', madeAtSeconds: 0, expiresAtSeconds: 200 }
  return `${JSON.stringify({ ...plan, ...fixed }, null, 2)}\n`
}
