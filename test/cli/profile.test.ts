import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { must } from '../../src/base/assert.ts'
import type { KeptTable, MeasuredProfile } from '../../src/runtime/profile/measured-table.ts'
import { compiler, fakeNvml } from '../fakes/nvml/fake-nvml.ts'
import { isNvmlRequired } from '../nvidia-packages.ts'
import { migParted, type NodeScene, nodeScene, occupied } from './node-scene.ts'
import { startCli } from './run-cli.ts'

const server = resolve(import.meta.dirname, '../fixtures/workers/batch-server.mjs')

/** Times so long that what a busy machine adds is small beside them. */
const slowFigures = `
version: 1
source: typed for a test
tables:
  - kind: inference
    model: slow-model
    gpu: a30
    startSeconds: 0.5
    batches: [1, 4]
    perSecond: { 1g.6gb: [5, 16] }
  - kind: training
    model: slow-job
    gpu: a30
    startSeconds: 0.5
    batches: [64]
    perSecond: { 1g.6gb: [1500] }
`

const slowSite = `
version: 1
gpus: [{ model: a30, profiles: [1g.6gb] }]
profiles: [./slow.yaml]
tenants:
  - name: vision
    model: slow-model
    slo: 1s
    accuracy: easy
    workers: reference
    retraining: { job: slow-job, batch: 64, configurations: [short] }
`

/** A model of which nothing is known yet, so that the file is no whole site. */
function ownSite(
  { folder, write }: Pick<NodeScene, 'folder' | 'write'>,
  command: readonly string[],
  gpu: object = { model: 'a100-80gb', profiles: ['1g.10gb', '3g.40gb'] },
): string {
  mkdirSync(join(folder, 'model'), { recursive: true })
  return write('site.yaml', {
    version: 1,
    gpus: [gpu],
    tenants: [
      {
        name: 'ranker',
        model: 'our-ranker',
        slo: '2s',
        accuracy: 'medium',
        workers: { inference: command, model: './model' },
      },
    ],
  })
}

const usual = [process.execPath, server, '8', 'none']

function tableIn(stdout: string, kind: KeptTable['kind'] = 'inference'): KeptTable {
  const { tables } = JSON.parse(stdout) as { readonly tables: readonly KeptTable[] }
  return must(tables.find((own) => own.kind === kind))
}

function profileIn(stdout: string, profile: string, kind?: KeptTable['kind']): MeasuredProfile {
  return must(tableIn(stdout, kind).measured.profiles[profile])
}

/** Pids of workers that this scene has started: their working folder lies in its own. */
function workersOf({ folder }: NodeScene): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(
        `MIGRATOR_MODEL_DIR=${folder}/`,
      )
    } catch {
      return false
    }
  })
}

test('what is measured of reference workers is the pace that they were given', async () => {
  const scene = nodeScene('simulated:a30')
  scene.write('slow.yaml', slowFigures)
  const file = join(scene.folder, 'vision.profile.yaml')
  const words = ['-f', scene.write('site.yaml', slowSite), '-o', file, '-o', 'json']
  const few = ['--batches', '1,4', '--seconds', '1', '--starts', '1', '--retraining']
  const { code, stdout, stderr } = await scene.start('profile', ...words, ...few).ended
  expect(code, stderr).toBe(0)
  const { batches, startSeconds } = profileIn(stdout, '1g.6gb')
  for (const [i, paceSeconds] of [0.2, 0.25].entries()) {
    const { items, outcome } = must(batches[i])
    if ('didNotRun' in outcome) throw new Error(outcome.didNotRun)
    // A batch that began late is given up to 3 ms back (runtime/reference/paced-batches.ts).
    expect(outcome.medianSeconds).toBeGreaterThan(paceSeconds - 0.004)
    expect(outcome.medianSeconds).toBeLessThan(1.5 * paceSeconds)
    expect(outcome.p95Seconds).toBeGreaterThanOrEqual(outcome.medianSeconds)
    expect(outcome.perSecond).toBeLessThan((1.02 * items) / paceSeconds)
    expect(outcome.perSecond).toBeGreaterThan((0.4 * items) / paceSeconds)
  }
  expect(startSeconds).toHaveLength(1)
  expect(must(startSeconds[0])).toBeGreaterThan(0.4)
  const { retraining } = profileIn(stdout, '1g.6gb', 'training')
  const outcome = must(retraining).outcome
  if ('didNotRun' in outcome) throw new Error(outcome.didNotRun)
  // 4500 samples at 1500 a second.
  expect(outcome.seconds).toBeGreaterThan(2.7)
  expect(outcome.seconds).toBeLessThan(5)
  const text = readFileSync(file, 'utf8')
  expect(parse(text)).toMatchObject({
    source: expect.stringMatching(/simulated device .*, reference workers/),
    notes: [expect.stringMatching(/no figures of a GPU/)],
  })
  // Once more: nothing is left to measure.
  const again = await scene.start('profile', ...words, ...few).ended
  expect(again.stderr).toContain('has 2 of 2 measurements already')
  expect(readFileSync(file, 'utf8')).toBe(text)
  expect(await scene.layouts()).toEqual([''])
  expect(workersOf(scene)).toEqual([])
})

test('a batch that does not fit did not run, larger ones are left out, and the rest goes on', async () => {
  const scene = nodeScene('simulated:a100-80gb')
  const file = join(scene.folder, 'ranker.json')
  const command = [process.execPath, server, '8', '1g.10gb']
  const words = ['-f', ownSite(scene, command), '-o', file]
  const few = ['--batches', '4,8,16,32', '--seconds', '0.2', '--starts', '2']
  const { code, stdout, stderr } = await scene.start('profile', ...words, ...few, '-o', 'json')
    .ended
  expect(code, stderr).toBe(0)
  const found = JSON.parse(readFileSync(file, 'utf8')).tables[0].perSecond
  const no = 'did-not-run'
  expect(found['3g.40gb']).toEqual([expect.any(Number), expect.any(Number), no, no])
  expect(found['1g.10gb']).toEqual([no, no, no, no])
  const { startSeconds, batches } = profileIn(stdout, '3g.40gb')
  expect(startSeconds).toHaveLength(2)
  expect(batches.map(({ outcome }) => 'didNotRun' in outcome && outcome.didNotRun)).toEqual([
    false,
    false,
    expect.stringMatching(/ended with code 9/),
    'left out: a batch of 16 did not run',
  ])
  const [first] = profileIn(stdout, '1g.10gb').batches
  expect(must(first).outcome).toEqual({ didNotRun: expect.stringMatching(/out of memory, 12 GiB/) })
  expect(await scene.layouts()).toEqual([''])
})

test.each([
  ['SIGINT', 130],
  ['SIGKILL', -1],
] as const)(
  'after %s what was measured is kept, and the same command goes on',
  async (signal, end) => {
    const scene = nodeScene('simulated:a100-80gb')
    const file = join(scene.folder, 'ranker.json')
    const words = ['-f', ownSite(scene, usual), '-o', file, '-o', 'json']
    const few = [
      ...['--profiles', '3g.40gb', '--batches', '1,2,4,8'],
      '--seconds',
      '0.4',
      '--starts',
      '1',
    ]
    const running = scene.start('profile', ...words, ...few)
    onTestFinished(() => {
      for (const pid of workersOf(scene)) process.kill(Number(pid), 'SIGKILL')
    })
    while (!existsSync(file) && running.child.exitCode === null) await wait(10)
    running.child.kill(signal)
    const { code } = await running.ended
    expect(code).toBe(end)
    const kept = JSON.parse(readFileSync(file, 'utf8')).tables[0].measured.profiles['3g.40gb']
    expect(kept.batches.length).toBeGreaterThan(0)
    if (signal === 'SIGINT') {
      expect(await scene.layouts()).toEqual([''])
      expect(workersOf(scene)).toEqual([])
    }
    const next = await scene.start('profile', ...words, ...few).ended
    expect(next.code, next.stderr).toBe(0)
    if (signal === 'SIGKILL') expect(next.stderr).toMatch(/Removed the GPU instance MIG-/)
    const found = profileIn(next.stdout, '3g.40gb')
    expect(found.batches.map(({ items }) => items)).toEqual([1, 2, 4, 8])
    expect(found.batches[0]).toEqual(kept.batches[0])
    expect(await scene.layouts()).toEqual([''])
    expect(workersOf(scene)).toEqual([])
  },
)

test('what is in use is not touched: it is said who holds the room, and nothing is begun', async () => {
  const scene = nodeScene('simulated:a100-80gb')
  const layout = scene.write('layouts.yaml', migParted)
  expect(scene.run('apply', '-f', layout, '-c', 'halves').code).toBe(0)
  await scene.change((gpu) => occupied(gpu, 4711))
  const before = await scene.layouts()
  const file = join(scene.folder, 'ranker.json')
  const { code, stderr } = scene.run('profile', '-f', ownSite(scene, usual), '-o', file)
  expect(stderr).toMatch(/no room for 3g\.40gb on a100-80gb: GPU 0 has at 0, 4: 3g\.40gb/)
  expect(stderr).toMatch(/used by pid 4711/)
  expect(code).toBe(4)
  expect(existsSync(file)).toBe(false)
  expect(await scene.layouts()).toEqual(before)
})

test('a worker that never gets ready or answers is told of, and no figure is kept', async () => {
  const scene = nodeScene('simulated:a100-80gb')
  const file = join(scene.folder, 'ranker.json')
  const words = ['-o', file, '--profiles', '3g.40gb', '--seconds', '0.2']
  const broken = ownSite(scene, [process.execPath, server, '8', '3g.40gb'])
  const ended = scene.run('profile', '-f', broken, ...words)
  expect(ended.stderr).toMatch(/did not get ready on 3g\.40gb.*RuntimeError: out of memory/)
  expect(ended.code).toBe(1)
  const wrong = scene.write('request.json', {
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }],
  })
  const tiny = ownSite(scene, [process.execPath, server, '0', 'none'])
  const mute = scene.run('profile', '-f', tiny, ...words, '--request', wrong)
  expect(mute.stderr).toMatch(/answered no batch of 1 on 3g\.40gb: the worker failed.*\n {2}fix: /)
  expect(mute.code).toBe(1)
  const absent = scene.run('profile', '-f', ownSite(scene, ['/nowhere/server']), ...words)
  expect(absent.stderr).toMatch(/Cannot start the worker of ranker: .*ENOENT/)
  expect(absent.code).toBe(64)
  expect(existsSync(file)).toBe(false)
  expect(await scene.layouts()).toEqual([''])
})

test('what cannot be meant is refused before anything is begun', () => {
  const { run, folder, write } = nodeScene('simulated:a100-80gb')
  const site = ownSite({ folder, write }, usual)
  const refused = (...words: readonly string[]): string => {
    const { code, stderr } = run('profile', '-f', site, ...words)
    expect(code, stderr).toBe(64)
    return stderr
  }
  expect(refused('--tenant', 'nobody')).toContain('accepted are --tenant ranker')
  expect(refused('--profiles', '9g.90gb')).toContain('accepted are 1g.10gb, 3g.40gb')
  expect(refused('--batches', '0')).toContain('whole numbers from 1')
  expect(refused('--retraining')).toContain('the site file names no retraining')
  expect(refused('-o', 'file.txt')).toContain('FILE.yaml and FILE.json')
  expect(refused('-o', join(folder, 'nowhere', 'own.yaml'))).toContain('is not there')
  const hand = write('hand.yaml', 'version: 1\nsource: by hand\ntables: []\nderived: []\n')
  expect(refused('-o', hand)).toContain('did not write')
})

const hasFake = compiler() !== null || isNvmlRequired

describe.runIf(hasFake)('through NVML', () => {
  const few = ['--batches', '1,2', '--seconds', '0.5', '--starts', '1']

  function nvmlScene(migMode: 0 | 1) {
    // Its folder and its site file; the GPUs are those behind the library.
    const own = nodeScene('simulated:a100-40gb')
    // The lock of a GPU is the machine's: no test beside this one may take the same GPU.
    const { library, control } = fakeNvml('a100-40gb', { migMode })
    const node = ['--device', `nvml:${library}`, '--state-dir', join(own.folder, 'nvml')]
    const file = join(own.folder, 'ranker.json')
    const site = ownSite(own, usual, { model: 'a100-40gb', profiles: ['3g.20gb'] })
    const words = ['profile', ...node, '-f', site, '-o', file, '-o', 'json', ...few]
    return { control, file, node, words }
  }

  test('figures name driver and board, and the memory that the driver tells of', async () => {
    const { control, file, node, words } = nvmlScene(1)
    const running = startCli(words)
    // Two lines of what is to do; then the worker is ready.
    await running.lines(3)
    for (const instance of [1, 2]) control(`client 0 4242 ${instance} 0 0 ${2100 * 2 ** 20}`)
    while (!existsSync(file) && running.child.exitCode === null) await wait(10)
    control('leave 0 4242 0')
    const { code, stdout, stderr } = await running.ended
    expect(code, stderr).toBe(0)
    expect(profileIn(stdout, '3g.20gb').memoryMiB).toBe(2100)
    const { measured } = tableIn(stdout)
    expect(measured).toMatchObject({ device: 'nvml', board: expect.stringMatching(/A100/) })
    const { source, notes } = JSON.parse(readFileSync(file, 'utf8'))
    expect(source).toContain(`on ${measured.board}, driver ${measured.driver}`)
    expect(notes).toBeUndefined()
    const status = await startCli(['status', ...node]).ended
    expect(status.stdout).toContain('no instances')
  })

  test('a GPU that is not in MIG mode is refused with the command, and never switched', async () => {
    const { control, words } = nvmlScene(0)
    const { code, stderr } = await startCli(words).ended
    expect(stderr).toMatch(/the MIG mode of GPU 0 is disabled \(nvidia-smi -i 0 -mig 1\)/)
    expect(code).toBe(4)
    expect(control('calls nvmlDeviceSetMigMode')).toBe(0)
  })
})
