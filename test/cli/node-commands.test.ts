import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { expectGolden } from '../golden.ts'
import { migParted, nodeScene, occupied } from './node-scene.ts'

const device = 'simulated:2xa100-80gb'
const commands = ['doctor', 'status', 'apply', 'assert', 'undo', 'adopt', 'export']

test('every command for a node prints what it printed before', async () => {
  const { run, write } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  const told: string[] = []
  const record = (command: string, ...rest: readonly string[]) => {
    const { code, stdout, stderr } = run(command, ...rest)
    const line = [command, ...rest].map((word) => (word === file ? 'layouts.yaml' : word)).join(' ')
    told.push(`$ migrator ${line}\n${stdout}${stderr.replace(/^/gm, '! ').trimEnd()}\n[${code}]\n`)
  }
  record('doctor')
  record('status')
  record('apply', '-f', file, '-c', 'uneven', '--dry-run')
  record('apply', '-f', file, '-c', 'uneven')
  record('apply', '-f', file, '-c', 'uneven')
  record('status')
  record('status', '-o', 'yaml')
  record('assert', '-f', file, '-c', 'uneven')
  record('assert', '-f', file, '-c', 'halves')
  record('export', '-c', 'mine')
  record('undo', '--dry-run', '-o', 'json')
  record('undo')
  record('undo')
  record('adopt')
  expectGolden('node-commands.txt', told.join('\n'))
})

test('what export prints apply takes, and finds nothing to do', async () => {
  const { run, write } = nodeScene(device)
  run('apply', '-f', write('layouts.yaml', migParted), '-c', 'uneven')
  const exported = write('exported.yaml', run('export').stdout)
  const answer = run('apply', '-f', exported, '-o', 'json')
  expect(JSON.parse(answer.stdout)).toEqual({ kind: 'nothing-to-do', exitCode: 0 })
  expect(run('assert', exported).code).toBe(0)
})

test('while another migrator has the node, status looks and apply is refused with who it is', async () => {
  const { run, write, hold } = nodeScene(device)
  const release = await hold()
  expect(run('status').code).toBe(0)
  const { code, stderr } = run('apply', '-f', write('layouts.yaml', migParted), '-c', 'halves')
  const who = `the process ${process.pid} has it open (JOURNAL_LOCKED)`
  expect(stderr).toContain(`${who}\n  fix: wait until it has ended`)
  expect(code).toBe(4)
  await release()
})

test('of processes that change one node at once each is done whole or refused', async () => {
  const { run, start, write, layouts } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  const racing = ['small', 'halves', 'small'].map((name) => start('apply', '-f', file, '-c', name))
  const codes = (await Promise.all(racing.map(({ ended }) => ended))).map(({ code }) => code)
  expect(codes).toContain(0)
  expect(codes.every((code) => code === 0 || code === 4)).toBe(true)
  expect(['9@0 9@4', '19@0 19@1 19@2 19@3 19@4 19@5 19@6']).toContain((await layouts())[0])
  const { open, lastChange, gpus } = JSON.parse(run('status', '-o', 'json').stdout)
  expect(open).toEqual([])
  expect(lastChange.result).toBe('done')
  const owners = gpus.flatMap((gpu: { instances: { owner: string }[] }) => gpu.instances)
  expect(owners.every(({ owner }: { owner: string }) => owner === 'migrator')).toBe(true)
})

test('Ctrl-C stops between two steps; the same apply goes on, undo would go back', async () => {
  const { run, start, write, layouts } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  const first = start('apply', '-f', file, '-c', 'small')
  await first.lines(3)
  first.child.kill('SIGINT')
  const { code, stderr } = await first.ended
  expect(code, stderr).toBe(130)
  expect(stderr).toMatch(/Interrupted after \d+ of 14 steps; nothing is half done/)
  const status = JSON.parse(run('status', '-o', 'json').stdout)
  expect(status).toMatchObject({ open: [], lastChange: { result: 'interrupted' } })
  expect(run('undo', '--dry-run').stdout).toMatch(/would destroy 1g\.10gb/)
  expect(run('apply', '-f', file, '-c', 'small').code).toBe(0)
  expect(await layouts()).toEqual(Array(2).fill('19@0 19@1 19@2 19@3 19@4 19@5 19@6'))
})

test('after kill -9 in the middle, undo settles what was open and goes back', async () => {
  const { run, start, write, layouts } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  run('apply', '-f', file, '-c', 'halves')
  const killed = start('apply', '-f', file, '-c', 'small')
  await killed.lines(4)
  killed.child.kill('SIGKILL')
  expect((await killed.ended).signal).toBe('SIGKILL')
  const { code, stderr } = run('undo')
  expect(code, stderr).toBe(0)
  expect(await layouts()).toEqual(['9@0 9@4', '9@0 9@4'])
  expect(JSON.parse(run('status', '-o', 'json').stdout).open).toEqual([])
})

test('a busy instance is refused with who holds it, before anything is done', async () => {
  const { run, write, change, layouts } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  run('apply', '-f', file, '-c', 'halves')
  await change((gpu) => (gpu.index === 1 ? occupied(gpu, 4321) : gpu))
  const { code, stderr } = run('apply', '-f', file, '-c', 'small')
  expect(code).toBe(4)
  expect(stderr).toContain('Refused: 3g.40gb at 0 on GPU 1 is in use by pid 4321')
  expect(stderr).toContain('fix: stop them first: ps -p 4321')
  expect(await layouts()).toEqual(['9@0 9@4', '9@0 9@4'])
  expect(run('status').stdout).toMatch(/3g\.40gb {2}0-3 {5}migrator {2}4321/)
})

test('what fails half-way is taken back: exit code 5', async () => {
  const { run, write, fail, layouts } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  run('apply', '-f', file, '-c', 'halves')
  await fail({ call: 'createComputeInstance', after: 2, times: 1 })
  const { code, stderr } = run('apply', '-f', file, '-c', 'small')
  expect(stderr).toMatch(/Failed: cannot create a compute instance .* on GPU \d: .*SUPPORTED/)
  expect(stderr).toContain('The GPUs are as they were before')
  expect(code).toBe(5)
  expect(await layouts()).toEqual(['9@0 9@4', '9@0 9@4'])
})

test('what cannot be taken back needs a person: exit code 6, and undo once it works again', async () => {
  const { run, write, fail, layouts } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  run('apply', '-f', file, '-c', 'halves')
  await fail({ call: 'createComputeInstance', after: 1 }, { call: 'destroyGpuInstance', after: 1 })
  const { code, stderr } = run('apply', '-f', file, '-c', 'small')
  expect(code, stderr).toBe(6)
  expect(stderr).toContain('once the cause is gone, run: migrator undo')
  expect(run('status').stdout).toMatch(/unfinished/)
  await fail()
  expect(run('undo').code).toBe(0)
  expect(await layouts()).toEqual(['9@0 9@4', '9@0 9@4'])
})

test('a disk that fills up half-way needs a person: exit code 6, and undo once there is room', async () => {
  const { run, runLimited, write, layouts } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  run('apply', '-f', file, '-c', 'halves')
  const { code, stderr } = runLimited(160, 'apply', '-f', file, '-c', 'small')
  expect(stderr).toMatch(
    /Cannot write to the journal .*\(JOURNAL_UNWRITABLE\)\n {2}fix: free space/,
  )
  expect(stderr).toContain('then run: migrator undo')
  expect(code).toBe(6)
  expect(run('undo').code).toBe(0)
  expect(await layouts()).toEqual(['9@0 9@4', '9@0 9@4'])
})

test('a journal that cannot be read needs a person: exit code 6', () => {
  const { run, write, folder } = nodeScene(device)
  const file = write('layouts.yaml', migParted)
  run('apply', '-f', file, '-c', 'halves')
  const [node] = readdirSync(join(folder, 'state'))
  writeFileSync(join(folder, 'state', must(node), 'journal.db'), 'no database '.repeat(1000))
  const { code, stderr } = run('apply', '-f', file, '-c', 'small')
  expect(stderr).toMatch(
    /Cannot open the journal .*JOURNAL_UNREADABLE\)\n {2}fix: move the file away/,
  )
  expect(code).toBe(6)
})

test('no permission is a refusal: nothing was changed', async () => {
  const { run, write, fail } = nodeScene(device)
  await fail({ call: 'createGpuInstance', code: 'NVML_ERROR_NO_PERMISSION' })
  const file = write('layouts.yaml', migParted)
  const { code, stderr } = run('apply', '-f', file, '-c', 'small')
  expect(code).toBe(4)
  expect(stderr).toMatch(/this user may not; run as root.*\nNothing was changed/)
})

test("others' instances are left alone until they are adopted", async () => {
  const { run, write, node } = nodeScene(device)
  run('apply', '-f', write('layouts.yaml', migParted), '-c', 'halves')
  const { gpus } = await node()
  // The same GPUs under a journal that knows nothing of them.
  const other = nodeScene(device)
  other.run('status')
  await other.change((gpu) => ({ ...gpu, instances: must(gpus[gpu.index]).instances }))
  const file = other.write('layouts.yaml', migParted)
  const refused = other.run('apply', '-f', file, '-c', 'small')
  expect(refused.code).toBe(4)
  expect(refused.stderr).toMatch(/did not make would have to go from GPU 0: 3g\.40gb at 0, 3g/)
  expect(refused.stderr).toContain('migrator adopt --gpu 0')
  expect(other.run('adopt', '--dry-run').stdout.trim().split('\n')).toHaveLength(4)
  expect(other.run('adopt', '--gpu', '1').stdout).toContain('Adopted 3g.40gb at 4 on GPU 1')
  expect(other.run('adopt').stdout).toContain('Adopted 3g.40gb at 4 on GPU 0')
  expect(other.run('apply', '-f', file, '-c', 'small').code).toBe(0)
})

test.each<readonly [readonly [string, ...string[]], RegExp]>([
  [['apply'], /Name one file/],
  [['apply', 'nowhere.json'], /Cannot read nowhere\.json: there is no such file/],
  [['apply', '-'], /Cannot use stdin: it is empty/],
  [['apply', 'x', '--device', 'cuda'], /Cannot use --device "cuda": accepted is nvml/],
  [['apply', 'x', '--device', 'simulated:a99'], /"a99" is no MODEL or COUNTxMODEL of a30/],
  [['adopt', '--gpu', '7'], /Cannot use --gpu "7": this node has 0, 1/],
  [['status', '-o', 'xml'], /Allowed choices are table, json, yaml/],
])('%j cannot be meant: exit code 64', (words, message) => {
  const { run } = nodeScene(device)
  const [command, ...rest] = words
  const { code, stdout, stderr } = run(command, ...rest)
  expect(stderr).toMatch(message)
  expect([code, stdout]).toEqual([64, ''])
})

test.each([
  ['truncated JSON', '{"format": "migrator-change-1", "why', /as a saved plan .* it is no JSON/],
  ['a site file', 'version: 1\ngpus: []\n', /a mig-parted file has the key mig-configs/],
  ['binary', '\u0000\u0001', /it is no JSON/],
  ['a wrong version', 'version: v2\nmig-configs: {}\n', /version is "v2", not 'v1'/],
  ['no configuration', 'version: v1\nmig-configs: {}\n', /configurations of .* are/],
  ['broken YAML', 'mig-configs: [\n', /as a mig-parted file: /],
])('%s is no file to apply: exit code 64', (_, text, message) => {
  const { run, write } = nodeScene(device)
  const { code, stderr } = run('apply', write('file', text))
  expect(stderr).toMatch(message)
  expect(code).toBe(64)
})

test.each([
  [
    'a profile that is unknown',
    '[0]',
    '"9g.90gb": 1',
    /no profile 9g\.90gb\n {2}fix: its profiles: 1g/,
  ],
  ['too much', '[0]', '"4g.40gb": 2', /does not fit together/],
  [
    'a GPU that is not there',
    '[5]',
    '"4g.40gb": 1',
    /GPU 5 is not on this node\n.*GPUs here: 0, 1/,
  ],
])('%s is refused: exit code 4', (_, devices, counts, message) => {
  const { run, write } = nodeScene(device)
  const entry = `[{"devices": ${devices}, "mig-enabled": true, "mig-devices": {${counts}}}]`
  const file = write('file', `{"version": "v1", "mig-configs": {"only": ${entry}}}`)
  const { code, stderr } = run('apply', file)
  expect(stderr).toMatch(message)
  expect(code).toBe(4)
  expect(run('assert', file).code).toBe(1)
})

test('a MIG mode is not switched by the way', () => {
  const { run, write } = nodeScene(device)
  const entry = '[{"devices": "all", "mig-enabled": false}]'
  const file = write('off', `{"version": "v1", "mig-configs": {"off": ${entry}}}`)
  const { code, stderr } = run('apply', file)
  expect(stderr).toMatch(/MIG mode of GPU 0 is enabled.*\n {2}fix: nvidia-smi -i 0 -mig 0/)
  expect(code).toBe(4)
})

test('a state folder that cannot be made is refused with what to do', () => {
  const { run } = nodeScene(device)
  const { code, stderr } = run('status', '--state-dir', '/dev/null/migrator')
  expect(stderr).toMatch(
    /Cannot make the folder \/dev\/null\/migrator.*\n {2}fix: run as a user who/,
  )
  expect(code).toBe(4)
})

test('a node without a driver is told, and doctor says what to do', () => {
  const { run, folder } = nodeScene(device)
  const none = ['--device', `nvml:${folder}/libnothing.so`]
  const status = run('status', ...none)
  expect(status.stderr).toMatch(/library was not found; install the driver, or use a simulated GPU/)
  expect(status.code).toBe(4)
  const doctor = run('doctor', ...none, '-o', 'json')
  expect(doctor.code).toBe(4)
  expect(JSON.parse(doctor.stdout)).toMatchObject({
    ready: false,
    checks: [{ subject: 'driver', status: 'problem', fix: expect.any(String) }],
  })
})

test.each(commands)('%s --help ends with an example', (command) => {
  const { run } = nodeScene(device)
  const { code, stdout } = run(command, '--help')
  expect(code).toBe(0)
  expect(stdout).toMatch(/Examples?:\n {2}migrator /)
})
