import { must } from '../../base/assert.ts'
import type { GpuSpace } from './gpu-space.ts'
import type { ServingStates, Swap } from './serving-states.ts'
import type { WindowModel } from './window-model.ts'
import type { WindowTenant } from './window-tenant.ts'
import type { Work } from './work.ts'

/**
 * Takeovers between states (design 003, equation 3a): an instance that one tenant serves on goes to
 * another one, which started beside it. In an order in which one pass over them closes a table
 * under any number of takeovers at once, each instance going where it may go directly.
 */
export type Swaps = {
  readonly swapFrom: Int32Array
  readonly swapTo: Int32Array
  /** Position of the tenant that takes over. */
  readonly swapTenant: Uint8Array
  /** The swaps that leave state x: leaving[firstLeaving[x]] .. leaving[firstLeaving[x + 1] - 1]. */
  readonly leaving: Int32Array
  readonly firstLeaving: Int32Array
  readonly mayTakeOver: MayTakeOver
  /** The longest warm-up of all tenants: whoever takes over does so in a batch of as many slots. */
  readonly warmUpSlots: number
  /** They begin in every so many slots: where the best moment is, it matters little. */
  readonly stride: number
}

/** Whether tenant `after` (a position) may start on an instance on which `before` serves. */
export type MayTakeOver = (kind: number, before: number, after: number) => boolean

/** Null where no tenant can take over from another one. */
export function* swapsOf(
  model: WindowModel,
  space: GpuSpace,
  tenants: readonly WindowTenant[],
  states: ServingStates,
): Work<Swaps | null> {
  const { fitsBeside } = model
  if (fitsBeside === null) return null
  const occupants = tenants.map(({ index }) => ({ tenantIndex: index, kind: 'inference' }) as const)
  const mayTakeOver: MayTakeOver = (kind, before, after) =>
    before !== after &&
    fitsBeside(must(space.classes[kind]), must(occupants[before]), must(occupants[after]))
  const isAnyPossible = [...space.classes.keys()].some((kind) =>
    occupants.some((_, a) => occupants.some((_, b) => mayTakeOver(kind, a, b))),
  )
  if (!isAnyPossible) return null
  const swaps = yield* states.swaps(mayTakeOver)
  if (swaps.length === 0) return null
  yield swaps.length * stepsPerSwap
  const warmUpSlots = Math.max(1, ...tenants.map((tenant) => tenant.warmUpSlots))
  const stride = Math.max(1, Math.floor(warmUpSlots / 3))
  return {
    warmUpSlots,
    stride,
    ...arraysOf(inOrder(swaps, space, states, ranksOf(model, space, tenants)), states),
    mayTakeOver,
  }
}

const stepsPerSwap = 20

/** ranks[kind][i]: tenants by what they take of an instance of the kind, the least first. */
function ranksOf(
  { problem }: WindowModel,
  { classes }: GpuSpace,
  tenants: readonly WindowTenant[],
): readonly (readonly number[])[] {
  return classes.map((k) => {
    const need = ({ index }: WindowTenant) =>
      problem.takeovers?.inferenceMiB[index]?.[k] ?? Number.POSITIVE_INFINITY
    const ordered = [...tenants.keys()].sort(
      (a, b) => need(must(tenants[a])) - need(must(tenants[b])) || a - b,
    )
    return tenants.map((_, i) => ordered.indexOf(i))
  })
}

/**
 * Relaxed first are those to a tenant that takes less, then those to one that takes more; so on the
 * way instances go up first and then down. Wherever one passes a tenant so, first and last tenant
 * take no more together than two that fit beside each other: it may go directly.
 */
function inOrder(
  swaps: readonly Swap[],
  { kindCount, counts }: GpuSpace,
  { held, stateCount, tenantCount }: ServingStates,
  ranks: readonly (readonly number[])[],
): readonly Swap[] {
  const heights = new Int32Array(stateCount)
  for (let i = 0; i < tenantCount; i += 1) {
    for (let x = 0; x < stateCount; x += 1) {
      const row = (held[i * stateCount + x] as number) * kindCount
      for (let kind = 0; kind < kindCount; kind += 1) {
        const rank = (ranks[kind] as readonly number[])[i] as number
        heights[x] = (heights[x] as number) + (counts[row + kind] as number) * rank
      }
    }
  }
  const isUp = ({ from, to }: Swap) => (heights[to] as number) > (heights[from] as number)
  const height = ({ from }: Swap) => heights[from] as number
  const down = swaps.filter((swap) => !isUp(swap)).sort((a, b) => height(a) - height(b))
  const up = swaps.filter(isUp).sort((a, b) => height(b) - height(a))
  return [...down, ...up]
}

function arraysOf(swaps: readonly Swap[], { stateCount }: ServingStates) {
  const firstLeaving = new Int32Array(stateCount + 1)
  for (const { from } of swaps) firstLeaving[from + 1] = (firstLeaving[from + 1] as number) + 1
  for (let x = 1; x <= stateCount; x += 1) {
    firstLeaving[x] = (firstLeaving[x] as number) + (firstLeaving[x - 1] as number)
  }
  const leaving = new Int32Array(swaps.length)
  const next = firstLeaving.slice()
  for (const [index, { from }] of swaps.entries()) {
    leaving[next[from] as number] = index
    next[from] = (next[from] as number) + 1
  }
  return {
    swapFrom: Int32Array.from(swaps, ({ from }) => from),
    swapTo: Int32Array.from(swaps, ({ to }) => to),
    swapTenant: Uint8Array.from(swaps, ({ after }) => after),
    leaving,
    firstLeaving,
  }
}
