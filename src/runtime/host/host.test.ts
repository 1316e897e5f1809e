import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { findGpuModel } from '../../core/mig/catalog.ts'
import { createSimulatedDevice } from '../../devices/simulated/device.ts'
import { newNode } from '../../devices/simulated/node.ts'
import { memoryStore } from '../../devices/simulated/store.ts'
import { diagnose, readGpuFacts } from './doctor.ts'
import { foreignOwners } from './foreign-owners.ts'
import { listProcesses } from './processes.ts'

const folder = (name: string) => mkdtempSync(join(tmpdir(), `migrator-${name}-`))

/** A /proc with those processes: pid, command line, open files. */
function fakeProc(
  ...processes: readonly (readonly [number, string, ...(readonly string[])])[]
): string {
  const proc = folder('proc')
  for (const [pid, command, ...files] of processes) {
    mkdirSync(join(proc, `${pid}/fd`), { recursive: true })
    writeFileSync(join(proc, `${pid}/cmdline`), command.replaceAll(' ', '\0'))
    for (const [fd, file] of files.entries()) symlinkSync(file, join(proc, `${pid}/fd/${fd}`))
  }
  return proc
}

test('the processes of this machine are listed, this one among them', () => {
  expect(listProcesses().map(({ pid }) => pid)).toContain(process.pid)
})

test('who has NVIDIA device files open is told', () => {
  const proc = fakeProc(
    [10, 'python train.py', '/dev/nvidia0', '/dev/null', '/dev/nvidia-caps/nvidia-cap21'],
    [11, 'sleep 60', '/dev/null'],
  )
  expect(listProcesses(proc)).toEqual([
    {
      pid: 10,
      command: 'python train.py',
      deviceFiles: ['/dev/nvidia-caps/nvidia-cap21', '/dev/nvidia0'],
    },
    { pid: 11, command: 'sleep 60', deviceFiles: [] },
  ])
})

test.each([
  ['/usr/bin/nvidia-mig-manager --node x', 'owner', "NVIDIA's MIG manager"],
  ['gpu-kubelet-plugin -v 6', 'owner', "NVIDIA's DRA driver"],
  ['nvidia-device-plugin', 'holder', "NVIDIA's device plugin"],
  ['/usr/bin/nv-hostengine -n', 'holder', 'DCGM'],
  ['python3 /opt/dcgm-exporter', 'holder', 'DCGM'],
])('%s is known as %s', (command, kind, name) => {
  const owners = foreignOwners(listProcesses(fakeProc([7, command])), folder('systemd'))
  expect(owners).toMatchObject([{ kind, name, pids: [7] }])
  expect(owners[0]?.fix).not.toBe('')
})

test('a program that only mentions one of them is not taken for it', () => {
  const commands = ['vi /etc/nvidia-mig-manager/config.yaml x', 'grep -r x nvidia-mig-manager y']
  const proc = fakeProc([1, 'bash -c pgrep nvidia-mig-manager'], [2, must(commands[1])])
  expect(foreignOwners(listProcesses(proc), folder('systemd'))).toEqual([])
})

test("a MIG manager that would start at boot is an owner too, though it doesn't run", () => {
  const systemd = folder('systemd')
  mkdirSync(join(systemd, 'multi-user.target.wants'))
  const unit = 'multi-user.target.wants/nvidia-mig-manager.service'
  writeFileSync(join(systemd, unit), '')
  expect(foreignOwners([], systemd)).toMatchObject([{ kind: 'owner', pids: [] }])
})

test('a real process under such a name is found', async () => {
  const script = 'exec -a nv-hostengine sleep 60'
  const child = spawn('bash', ['-c', script], { stdio: 'ignore' })
  const pidsNow = () => foreignOwners(listProcesses()).flatMap(({ pids }) => pids)
  while (!pidsNow().includes(must(child.pid))) await new Promise((go) => setTimeout(go, 20))
  child.kill('SIGKILL')
})

const idle = { owners: [], holders: [], isPrivileged: null } as const
const driver = { version: '570', library: 'x' }

async function facts(modelId: string, mode: 'enabled' | 'disabled') {
  const store = memoryStore(newNode([must(findGpuModel(modelId))], mode))
  return readGpuFacts(createSimulatedDevice({ store, sleep: async () => undefined }))
}

test('a node that is ready has nothing to mend', async () => {
  const checks = diagnose({ ...idle, driver, gpus: await facts('h100-80gb', 'enabled') })
  expect(checks.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(checks.map(({ subject }) => subject)).toContain('GPU 0 profiles')
})

test('whatever is not ready comes with what to do about it', async () => {
  const gpus = await facts('a100-80gb', 'disabled')
  const holders = [{ pid: 5, command: 'python', deviceFiles: ['/dev/nvidia0'] }]
  const owners = [{ name: 'HAMi', kind: 'owner', pids: [6], fix: 'go' }] as const
  const checks = diagnose({ driver, gpus, holders, owners, isPrivileged: false })
  const wrong = checks.filter(({ status }) => status !== 'ok')
  const subjects = wrong.map(({ subject, status }) => `${subject}: ${status}`)
  expect(subjects).toEqual([
    'GPU 0 MIG mode: problem',
    'privilege: problem',
    'other owners: problem',
    'who holds the GPUs: warning',
  ])
  expect(wrong.every(({ fix }) => fix !== null)).toBe(true)
})

test('without a driver that is what is told', () => {
  const failure = {
    code: 'NVML_ERROR_DRIVER_NOT_LOADED',
    action: 'open NVML',
    state: 'no',
  } as const
  const checks = diagnose({ ...idle, driver: failure, gpus: [] })
  expect(checks).toMatchObject([{ subject: 'driver', status: 'problem' }])
})
