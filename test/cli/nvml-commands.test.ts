import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type * as OpenNode from '../../src/runtime/node/open-node.ts'
import { built } from '../built.ts'
import { compiler, fakeNvml } from '../fakes/nvml/fake-nvml.ts'
import { isNvmlRequired } from '../nvidia-packages.ts'
import { migParted } from './node-scene.ts'
import { runCli, startCli } from './run-cli.ts'

const hasFake = compiler() !== null || isNvmlRequired
if (!hasFake) test.skip('no C compiler, so no fake NVML library for the commands', () => {})

function scene(gpus = 'a100-80gb,a100-80gb', migMode: 0 | 1 = 1) {
  const folder = mkdtempSync(join(tmpdir(), 'migrator-cli-nvml-'))
  const { library, control } = fakeNvml(gpus, { migMode })
  const file = join(folder, 'layouts.yaml')
  writeFileSync(file, migParted)
  const words = (state: string): readonly string[] => {
    return ['--device', `nvml:${library}`, '--state-dir', join(folder, state)]
  }
  return {
    control,
    run: (command: string, ...rest: readonly string[]) =>
      runCli([command, ...words('state'), ...rest], { cwd: folder }),
    /** Applies with a journal of its own, as a second installation has it. */
    start: (state: string, config: string) =>
      startCli(['apply', ...words(state), '-f', file, '-c', config]),
    library,
    apply: ['-f', file, '-c'] as const,
  }
}

describe.runIf(hasFake)('through NVML', () => {
  test('a layout is applied, shown, asserted, exported and undone', () => {
    const { run, apply } = scene()
    expect(run('apply', ...apply, 'uneven').stdout).toBe('Done: 2 steps\n')
    const status = run('status').stdout
    expect(status).toMatch(/ {2}4g\.40gb {2}0-3 {5}migrator {2}– {5}MIG-/)
    expect(status).toMatch(/GPU 1: NVIDIA A100.*, MIG mode enabled\n {2}no instances/)
    expect(run('assert', ...apply, 'uneven').code).toBe(0)
    expect(run('export').stdout).toContain('4g.40gb: 1')
    expect(run('undo').stdout).toContain('Done: 2 steps')
    expect(run('assert', ...apply, 'uneven').code).toBe(1)
  })

  test('an apply that finds nothing to do opens NVML once and changes nothing', () => {
    const { run, control, apply } = scene()
    run('apply', ...apply, 'halves')
    const inits = control('calls nvmlInit_v2')
    const creates = control('calls nvmlDeviceCreateGpuInstanceWithPlacement')
    expect(run('apply', ...apply, 'halves').stdout).toMatch(/Nothing to do/)
    expect(control('calls nvmlInit_v2') - inits).toBe(1)
    expect(control('calls nvmlDeviceCreateGpuInstanceWithPlacement')).toBe(creates)
  })

  test('a busy instance is refused with who holds it', () => {
    const { run, control, apply } = scene()
    run('apply', ...apply, 'halves')
    control('client 0 4321 2 0 0 104857600')
    const { code, stderr } = run('apply', ...apply, 'small')
    expect(stderr).toContain('3g.40gb at 4 on GPU 0 is in use by pid 4321')
    expect(code).toBe(4)
  })

  test('a user who may not is told how to be allowed', () => {
    const { run, control, apply } = scene()
    control('deny 1')
    const { code, stderr } = run('apply', ...apply, 'small')
    expect(stderr).toMatch(
      /this user may not; run as root, or grant read access to .*NO_PERMISSION/,
    )
    expect(code).toBe(4)
  })

  test('a GPU whose MIG mode is disabled is refused with the command, and never switched', () => {
    const { run, control, apply } = scene('a100-80gb', 0)
    const { code, stderr } = run('apply', ...apply, 'small')
    expect(stderr).toMatch(/MIG mode of GPU 0 is disabled.*\n {2}fix: nvidia-smi -i 0 -mig 1/)
    expect(code).toBe(4)
    expect(run('doctor').stdout).toMatch(/GPU 0 MIG mode +PROBLEM +disabled/)
    expect(run('doctor').code).toBe(4)
    expect(control('calls nvmlDeviceSetMigMode')).toBe(0)
  })

  test('a GPU that another migrator has is refused, wherever that keeps its journal', async () => {
    const { openNode } = await built<typeof OpenNode>('runtime/node/open-node.js')
    const { run, library, apply } = scene()
    const elsewhere = mkdtempSync(join(tmpdir(), 'migrator-cli-elsewhere-'))
    const other = await openNode({ kind: 'nvml', library }, elsewhere, { ignoresOwners: true })
    const { code, stderr } = run('apply', ...apply, 'small', '--ignore-owners')
    const who = `\\(pid ${process.pid}\\): stop it, or leave this GPU`
    expect(stderr).toMatch(new RegExp(`another migrator on GPU-\\S+ ${who}`))
    expect(code).toBe(4)
    await other.close()
    expect(run('apply', ...apply, 'small').code).toBe(0)
  })

  test('of two migrators that start at once, each with its journal, one changes the GPUs', async () => {
    const { run, start, apply } = scene()
    const racing = [start('one', 'halves'), start('two', 'small')]
    const codes = (await Promise.all(racing.map(({ ended }) => ended))).map(({ code }) => code)
    expect([...codes].sort()).toEqual([0, 4])
    const winner = codes[0] === 0 ? 'halves' : 'small'
    expect(run('assert', ...apply, winner).code).toBe(0)
  })
})
