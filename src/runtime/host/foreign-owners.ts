import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { KubernetesNode } from './kubernetes-node.ts'
import type { HostProcess } from './processes.ts'

/**
 * Another program that has a say about the node's GPUs. An `owner` changes layouts itself, so two
 * of them would undo each other's work; a `holder` only keeps instances from being destroyed.
 * `unknown`: there may be one, and it could not be found out.
 */
export type ForeignOwner = {
  readonly name: string
  readonly kind: 'owner' | 'holder' | 'unknown'
  readonly pids: readonly number[]
  readonly fix: string
}

type Known = Omit<ForeignOwner, 'pids'> & { readonly pattern: RegExp }

const known: readonly Known[] = [
  {
    name: "NVIDIA's MIG manager",
    kind: 'owner',
    pattern: /\bnvidia-mig-(manager|parted)\b/,
    fix:
      'take the label nvidia.com/mig.config off the node, ' +
      'or systemctl disable --now nvidia-mig-manager',
  },
  {
    name: "NVIDIA's DRA driver",
    kind: 'owner',
    pattern: /\b(gpu-kubelet-plugin|compute-domain-kubelet-plugin)\b/,
    fix: 'turn its feature gate DynamicMIG off, or keep the driver off this node',
  },
  {
    name: 'HAMi',
    kind: 'owner',
    pattern: /\b(vgpu-device-plugin|hami-device-plugin)\b/,
    fix: 'keep its device plugin off this node: it cuts MIG instances by templates of its own',
  },
  {
    name: 'the instaslice operator',
    kind: 'owner',
    pattern: /\binstaslice\b/,
    fix: 'keep its daemonset off this node',
  },
  {
    name: "NVIDIA's device plugin",
    kind: 'holder',
    pattern: /\bnvidia-device-plugin\b/,
    fix: 'pods that it gave instances to hold them; drain the node, and restart it after a change',
  },
  {
    name: 'DCGM',
    kind: 'holder',
    pattern: /\b(nv-hostengine|dcgm-exporter)\b/,
    fix: 'systemctl stop nvidia-dcgm while layouts change: it can hold instances open',
  },
  {
    name: 'the persistence daemon',
    kind: 'holder',
    pattern: /\bnvidia-persistenced\b/,
    fix: 'nothing, unless the MIG mode is to be changed: then stop it for that time',
  },
]

const managerUnit = 'nvidia-mig-manager.service'

/** Other programs with a say, by their processes and by the services that would start them. */
export function foreignOwners(
  processes: readonly HostProcess[],
  systemd = '/etc/systemd/system',
): readonly ForeignOwner[] {
  const running = known
    .map(({ pattern, ...owner }) => {
      const found = processes.filter(({ command }) => pattern.test(programOf(command)))
      return { ...owner, pids: found.map(({ pid }) => pid) }
    })
    .filter(({ pids }) => pids.length > 0)
  const isEnabled = existsSync(join(systemd, 'multi-user.target.wants', managerUnit))
  if (!isEnabled || running.some(({ name }) => name === "NVIDIA's MIG manager")) return running
  const fix = `systemctl disable ${managerUnit}: it would cut the GPUs again at the next boot`
  return [...running, { name: "NVIDIA's MIG manager", kind: 'owner', pids: [], fix }]
}

const migConfig = 'nvidia.com/mig.config'
const nosLabel = 'nos.nebuly.com/gpu-partitioning'

/** Other programs with a say, by what they or their users have written on the Kubernetes node. */
export function ownersByNode(node: KubernetesNode): readonly ForeignOwner[] {
  if (node.kind === 'none') return []
  if (node.kind === 'unreadable') {
    const fix = 'allow this service account to get its node, so that owners can be told by labels'
    return [{ name: `the Kubernetes node (${node.why})`, kind: 'unknown', pids: [], fix }]
  }
  const { name, labels, annotations } = node
  const owners: ForeignOwner[] = []
  const config = labels[migConfig]
  if (config !== undefined) {
    const state = labels[`${migConfig}.state`]
    const told = `${migConfig}=${config}${state === undefined ? '' : `, ${state}`}`
    const fix = `kubectl label node ${name} ${migConfig}-`
    owners.push({ name: `NVIDIA's MIG manager (label ${told})`, kind: 'owner', pids: [], fix })
  }
  const spec = Object.keys(annotations).find((key) => key.startsWith('nos.nebuly.com/spec-gpu-'))
  if (labels[nosLabel] !== undefined || spec !== undefined) {
    const fix = `kubectl label node ${name} ${nosLabel}-`
    const told = spec === undefined ? `label ${nosLabel}` : `annotation ${spec}`
    owners.push({ name: `nos (${told})`, kind: 'owner', pids: [], fix })
  }
  return owners
}

/** The program and, for an interpreter, its script: arguments may name anything. */
function programOf(command: string): string {
  return command.split(' ').slice(0, 2).join(' ')
}
