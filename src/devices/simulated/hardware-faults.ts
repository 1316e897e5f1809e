import { type SimulatedNode, withEvent, withLostGpu } from './node.ts'

/** XIDs of faults that a simulated GPU can be made to have. */
const xids = {
  /** A program reached where it must not. */
  'page-fault': 31,
  'double-bit-error': 48,
  /** Kept from every program but the one that met it, and not. */
  'contained-memory-error': 94,
  'uncontained-memory-error': 95,
  'off-the-bus': 79,
} as const

export type HardwareFault = keyof typeof xids

/** The fault strikes the GPU, or one of its GPU instances, and whoever listens is told. */
export function withHardwareFault(
  node: SimulatedNode,
  fault: HardwareFault,
  where: { readonly gpu: string; readonly gpuInstanceId: number | null },
): SimulatedNode {
  const { gpu } = where
  const isLost = fault === 'off-the-bus'
  const gpuInstanceId = isLost ? null : where.gpuInstanceId
  const xid = {
    kind: 'xid',
    gpu,
    xid: xids[fault],
    gpuInstanceId,
    computeInstanceId: null,
  } as const
  const told = withEvent(node, xid)
  return isLost ? withLostGpu(told, gpu) : told
}
