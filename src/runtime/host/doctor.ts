import type {
  Device,
  Driver,
  Gpu,
  GpuInstance,
  GpuInstanceProfileInfo,
  GpuProcess,
  MigModeState,
} from '../../devices/device.ts'
import { DeviceError, type DeviceFailure } from '../../devices/device-error.ts'
import type { ErrorCode } from '../../devices/return-codes.ts'
import type { ForeignOwner } from './foreign-owners.ts'
import type { HostProcess } from './processes.ts'

/** One thing that was looked at, what was found and, unless all is well, what to do. */
export type Check = {
  readonly subject: string
  readonly status: 'ok' | 'warning' | 'problem'
  readonly found: string
  readonly fix: string | null
}

export type GpuFacts = {
  readonly gpu: Gpu
  readonly mode: MigModeState
  readonly profiles: readonly GpuInstanceProfileInfo[]
  readonly instances: readonly GpuInstance[]
  readonly processes: readonly GpuProcess[]
}

export type NodeFacts = {
  /** The failure where there is no driver to ask. */
  readonly driver: Driver | DeviceFailure
  readonly gpus: readonly (GpuFacts | DeviceFailure)[]
  readonly owners: readonly ForeignOwner[]
  /** Processes with NVIDIA device files open, this one left out. */
  readonly holders: readonly HostProcess[]
  /** Whether this user may create and destroy instances; null where that cannot be told. */
  readonly isPrivileged: boolean | null
}

/** What the driver tells of the node; what it refuses to tell is a fact too. Changes nothing. */
export async function readGpuFacts(device: Device): Promise<readonly (GpuFacts | DeviceFailure)[]> {
  const gpus = await settled(() => device.gpus())
  if ('code' in gpus) return [gpus]
  return Promise.all(
    gpus.map((gpu) =>
      settled(async () => ({
        gpu,
        mode: await device.migMode(gpu.uuid),
        profiles: await device.gpuInstanceProfiles(gpu.uuid),
        instances: await device.gpuInstances(gpu.uuid),
        processes: await device.processes(gpu.uuid),
      })),
    ),
  )
}

/** What stands in the way of running here, each with what to do about it. */
export function diagnose(facts: NodeFacts): readonly Check[] {
  const { driver, owners, holders, isPrivileged } = facts
  if ('code' in driver) return [failed('driver', driver), ...owners.map(ownerCheck)]
  return [
    ok('driver', `${driver.version}, ${driver.library}`),
    ...facts.gpus.flatMap((gpu) => ('code' in gpu ? [failed('GPUs', gpu)] : gpuChecks(gpu))),
    ...(facts.gpus.length === 0 ? [noGpu] : []),
    privilegeCheck(isPrivileged),
    ...owners.map(ownerCheck),
    ...holders.map(holderCheck),
  ]
}

const noGpu: Check = {
  subject: 'GPUs',
  status: 'problem',
  found: 'the driver tells of none that this process may use',
  fix: 'check nvidia-smi -L, NVIDIA_VISIBLE_DEVICES and the device cgroup',
}

function gpuChecks({ gpu, mode, profiles, instances, processes }: GpuFacts): readonly Check[] {
  const subject = `GPU ${gpu.index}`
  const name = `${gpu.name}, ${gpu.uuid}, ${gpu.pciBusId}`
  const checks = [ok(subject, name), modeCheck(`${subject} MIG mode`, gpu, mode)]
  if (mode.kind === 'not-supported') return checks
  const listed = profiles.map((own) => `${own.profileId} ${own.name}`).join(', ')
  const there = instances.map((own) => {
    const profile = profiles.find(({ profileId }) => profileId === own.profileId)
    return `${profile?.name ?? own.profileId} at ${own.placement.start}`
  })
  const pids = [...new Set(processes.map(({ pid }) => pid))].join(', ')
  return [
    ...checks,
    profiles.length === 0
      ? problem(`${subject} profiles`, 'the driver tells of none', 'update the driver')
      : ok(`${subject} profiles`, listed),
    ok(`${subject} placements`, profiles.map(placements).join(', ')),
    ok(`${subject} instances`, there.join(', ') || 'none'),
    ok(`${subject} processes`, pids || 'none'),
  ]
}

/** As nvidia-smi mig -lgipp prints them, starts and size in memory slices. */
function placements({ name, possiblePlacements }: GpuInstanceProfileInfo): string {
  const starts = possiblePlacements.map(({ start }) => start).join(',')
  return `${name} {${starts}}:${possiblePlacements[0]?.size ?? '?'}`
}

function modeCheck(subject: string, gpu: Gpu, mode: MigModeState): Check {
  if (mode.kind === 'not-supported') {
    return problem(subject, 'the GPU cannot be cut by MIG', 'use a GPU that supports MIG')
  }
  const { current, pending } = mode
  if (current !== pending) {
    const fix = `stop what uses the GPU, then nvidia-smi --gpu-reset -i ${gpu.index}, or reboot`
    return problem(subject, `${current}, ${pending} once the GPU was reset`, fix)
  }
  if (current === 'enabled') return ok(subject, 'enabled')
  const fix = `nvidia-smi -i ${gpu.index} -mig 1 (on an A100 or A30 this resets the GPU)`
  return problem(subject, 'disabled', fix)
}

function privilegeCheck(isPrivileged: boolean | null): Check {
  if (isPrivileged === null) return ok('privilege', 'not needed here')
  if (isPrivileged) return ok('privilege', 'may create and destroy instances')
  const fix =
    'run as root, or grant read access to /proc/driver/nvidia/capabilities/mig/config ' +
    'and the device node of /dev/nvidia-caps that it names'
  return problem('privilege', 'this user may not create or destroy instances', fix)
}

function ownerCheck({ name, kind, pids, fix }: ForeignOwner): Check {
  const who = pids.length === 0 ? name : `${name} (pid ${pids.join(', ')})`
  if (kind === 'owner') return problem('other owners', `${who} changes layouts here too`, fix)
  const found = kind === 'holder' ? `${who} can hold instances` : `could not be read: ${who}`
  return { subject: 'other owners', status: 'warning', found, fix }
}

function holderCheck({ pid, command, deviceFiles }: HostProcess): Check {
  const found = `pid ${pid} (${command.slice(0, 60)}) has ${deviceFiles.join(', ')} open`
  const fix = 'it can keep instances or the MIG mode from being changed; stop it before'
  return { subject: 'who holds the GPUs', status: 'warning', found, fix }
}

async function settled<T>(read: () => Promise<T>): Promise<T | DeviceFailure> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DeviceError) return error.failure
    throw error
  }
}

const fixes: Partial<Record<ErrorCode, string>> = {
  NVML_ERROR_LIBRARY_NOT_FOUND:
    "install NVIDIA's driver, name its library (--device nvml:LIBRARY), or simulate GPUs: " +
    '--device simulated:a100-80gb',
  NVML_ERROR_DRIVER_NOT_LOADED: 'modprobe nvidia; if there is no such module, install the driver',
  NVML_ERROR_LIB_RM_VERSION_MISMATCH: 'reboot, so that the module of the new driver is loaded',
  NVML_ERROR_NO_PERMISSION: 'run as root, or as a user who may read the GPU',
  NVML_ERROR_GPU_IS_LOST: 'nvidia-smi --gpu-reset, or reboot; if it comes again, see the board',
  NVML_ERROR_RESET_REQUIRED: 'nvidia-smi --gpu-reset, or reboot',
  NVML_ERROR_FUNCTION_NOT_FOUND: "update NVIDIA's driver",
}

const lastResort = "dmesg | grep -i nvrm tells what the driver says; NVIDIA's nvml.h names the code"

function failed(subject: string, { action, state, code }: DeviceFailure): Check {
  return problem(subject, `cannot ${action}: ${state} (${code})`, fixes[code] ?? lastResort)
}

function ok(subject: string, found: string): Check {
  return { subject, status: 'ok', found, fix: null }
}

function problem(subject: string, found: string, fix: string): Check {
  return { subject, status: 'problem', found, fix }
}
