import { must } from '../base/assert.ts'
import type { ClassHoldings } from './class-space.ts'
import type { TrainVariable } from './draft.ts'
import type { Formulation } from './formulation.ts'
import type { Grid, GridTenant } from './grid.ts'
import { latestStart } from './holding.ts'
import type { Place } from './places.ts'
import type { TrainingOption } from './training-options.ts'

/**
 * What a solution of the counts formulation asks for, in slots: instances of one class for one
 * holder that begin to be held, or are no longer needed. `keeps` is set where the solution knows
 * the place: what runs already and stays.
 */
export type Request = {
  readonly slot: number
  readonly kind: 'begin' | 'end'
  readonly tenant: number
  readonly classIndex: number
  readonly training: TrainingOption | null
  readonly place: Place | null
}

/** The requests of a counts solution in order of time, ends before beginnings. */
export function requestsOf(
  { grid, train }: Formulation,
  holdings: ClassHoldings,
  values: Float64Array,
): readonly Request[] {
  const isOne = (variable: number | undefined) => (values[must(variable)] as number) > 0.5
  const requests = train
    .filter(({ variable }) => isOne(variable))
    .flatMap((variable) => trainingRequests(grid, variable))
  for (const { tenant, place, kept } of holdings.kept) {
    const until = kept.findIndex((variable) => !isOne(variable))
    if (until === 0) continue
    const end = must(grid.edges[until < 0 ? grid.stepCount : until])
    const holder = { tenant, classIndex: place.classIndex, training: null, place }
    requests.push({ ...holder, slot: 0, kind: 'begin' }, { ...holder, slot: end, kind: 'end' })
  }
  for (const tenant of grid.tenants) {
    for (const [classIndex, fresh] of must(holdings.fresh[tenant.index]).entries()) {
      const counts = fresh.map((variable) => Math.round(values[variable] as number))
      requests.push(...freshRequests(grid, tenant, { classIndex, counts }))
    }
  }
  const rank = ({ kind, place }: Request) => (kind === 'end' ? 0 : place !== null ? 1 : 2)
  return requests.sort(
    (a, b) => a.slot - b.slot || rank(a) - rank(b) || b.classIndex - a.classIndex,
  )
}

function trainingRequests(grid: Grid, variable: TrainVariable): Request[] {
  const { tenant, option, place } = variable
  const slot = must(grid.edges[variable.step])
  const holder = { tenant, classIndex: option.classIndex, training: option, place }
  return [
    { ...holder, slot, kind: 'begin' },
    { ...holder, slot: slot + option.span.slots, kind: 'end' },
  ]
}

/** Beginnings as late as warm-up allows, ends where the count falls. */
function freshRequests(
  grid: Grid,
  tenant: GridTenant,
  { classIndex, counts }: { readonly classIndex: number; readonly counts: readonly number[] },
): readonly Request[] {
  const holder = { tenant: tenant.index, classIndex, training: null, place: null }
  const requests: Request[] = []
  for (let step = 0; step <= counts.length; step += 1) {
    const change = (counts[step] ?? 0) - (counts[step - 1] ?? 0)
    const edge = must(grid.edges[step])
    for (let i = 0; i < change; i += 1) {
      const from = latestStart(grid, tenant, null, step)
      const slot = from === 0 && grid.problem.isFirstLayoutFree ? 0 : edge - tenant.warmUpSlots
      requests.push({ ...holder, slot, kind: 'begin' })
    }
    for (let i = 0; i < -change; i += 1) requests.push({ ...holder, slot: edge, kind: 'end' })
  }
  return requests
}
