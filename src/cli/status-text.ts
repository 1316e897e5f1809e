import type { MigModeState } from '../devices/device.ts'
import { textTable } from '../observe/text-table.ts'
import type { Change, OpenOperation } from '../reconfigure/journal.ts'
import type { GpuStatus, InstanceStatus, NodeStatus } from '../reconfigure/node-status.ts'

export function statusText({ gpus, open, lastChange }: NodeStatus): string {
  const blocks = gpus.map(gpuText)
  const nothing = gpus.length === 0 ? ['No GPU'] : []
  const index = (uuid: string): string =>
    `GPU ${gpus.find(({ gpu }) => gpu.uuid === uuid)?.gpu.index ?? uuid}`
  const openLines = open.map((own) => openLine(own, index(own.place.gpu)))
  const change = lastChange === null ? [] : [changeLine(lastChange)]
  return [...blocks, ...nothing, ...openLines, ...change].join('\n\n')
}

function gpuText({ gpu, mode, instances, missing }: GpuStatus): string {
  const head = `GPU ${gpu.index}: ${gpu.name}, ${gpu.uuid}, MIG mode ${modeText(mode)}`
  const table = instances.length === 0 ? '  no instances' : instanceTable(instances)
  const drift = missing.map(
    ({ name, placement }) => `  drift: ${name} at ${placement.start} is in the journal and is gone`,
  )
  const unknown = instances.some(({ owner }) => owner === 'unknown')
    ? [`  unknown: migrator did not make it and leaves it alone; migrator adopt --gpu ${gpu.index}`]
    : []
  const unfinished = instances.some(({ owner }) => owner === 'unfinished')
    ? ['  unfinished: the next apply or undo finishes it or takes it back first']
    : []
  return [head, table, ...drift, ...unknown, ...unfinished].join('\n')
}

function instanceTable(instances: readonly InstanceStatus[]): string {
  const table = textTable<InstanceStatus>(
    [
      { title: 'profile', align: 'left', cell: ({ name }) => name },
      { title: 'slices', align: 'left', cell: ({ start, size }) => slices(start, size) },
      { title: 'owner', align: 'left', cell: ({ owner }) => owner },
      { title: 'pids', align: 'left', cell: ({ pids }) => pids.join(', ') || '–' },
      { title: 'MIG device', align: 'left', cell: ({ uuid }) => uuid ?? '–' },
    ],
    instances,
  )
  return table.replace(/^/gm, '  ')
}

function slices(start: number, size: number): string {
  return size === 1 ? `${start}` : `${start}-${start + size - 1}`
}

function modeText(mode: MigModeState): string {
  if (mode.kind === 'not-supported') return 'not supported'
  const { current, pending } = mode
  return current === pending ? current : `${current} (${pending} after a reset)`
}

function openLine({ kind, place }: OpenOperation, gpu: string): string {
  const what = `${kind} of profile ${place.profileId} at ${place.placement.start} on ${gpu}`
  return `Open: ${what} was begun and not ended; the next apply or undo settles it`
}

function changeLine({ change, why, result }: Change): string {
  return `Last change: ${change}, ${why}: ${result ?? 'not ended'}; migrator undo takes it back`
}
