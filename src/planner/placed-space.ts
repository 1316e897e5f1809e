import { must } from '../base/assert.ts'
import { type Draft, placeLabel } from './draft.ts'
import type { GridTenant } from './grid.ts'
import { chosenCounts, latestStart, residenceEnd, trainingHolds } from './holding.ts'
import type { Term } from './model.ts'
import type { Place } from './places.ts'
import { otherRows, sliceRows } from './space-rows.ts'

/** on[w, p, t]: tenant w's inference serves on place p in step t. Indexed [tenant][place][step]. */
export type PlacedHoldings = {
  readonly kind: 'placed'
  readonly on: readonly (readonly (readonly number[])[])[]
}

/** Variables that hold a place in a step: holders[place][step]. At most one of them may be 1. */
type Holders = readonly (readonly number[][])[]

/**
 * Equations 6 to 10 of design 002: which instances serve, where they lie, and how they got there.
 */
export function addPlacedSpace(draft: Draft): PlacedHoldings {
  const { grid } = draft
  const steps = Array.from({ length: grid.stepCount }, (_, step) => step)
  const holders: Holders = grid.places.map(() => steps.map(() => []))
  for (const train of draft.train) {
    const place = must(train.place)
    for (const step of steps) {
      if (trainingHolds(grid, train, step)) holderList(holders, place, step).push(train.variable)
    }
  }
  const on = grid.tenants.map((tenant) =>
    grid.places.map((place) => {
      if ((tenant.tenant.serving[place.classIndex] ?? null) === null) return []
      return addInference(draft, tenant, { place, holders })
    }),
  )
  for (const tenant of grid.tenants) addServingInstances(draft, tenant, must(on[tenant.index]))
  addSpace(draft, holders)
  return { kind: 'placed', on }
}

function holderList(holders: Holders, place: Place, step: number): number[] {
  return must(holders[place.index]?.[step])
}

/** (6) the chosen set is what serves: for each class its instances, placed. */
function addServingInstances(
  draft: Draft,
  { index, tenant }: GridTenant,
  on: readonly (readonly number[])[],
): void {
  const { grid, model } = draft
  for (let step = 0; step < grid.stepCount; step += 1) {
    for (const [classIndex, { name }] of grid.problem.classes.entries()) {
      const placed = grid.places
        .filter((place) => place.classIndex === classIndex && must(on[place.index]).length > 0)
        .map((place): Term => [must(on[place.index]?.[step]), -1])
      const chosen = chosenCounts(draft, { tenant: index, step, classIndex })
      model.constraint(`instances_${tenant.id}_${name}_t${step}`, [...chosen, ...placed], '=', 0)
    }
  }
}

/** on[w, p, t] of one tenant and place, with its warm-up (7), (8) and residence (9). */
function addInference(
  draft: Draft,
  gridTenant: GridTenant,
  { place, holders }: { readonly place: Place; readonly holders: Holders },
): readonly number[] {
  const { grid, model } = draft
  const label = `${gridTenant.tenant.id}_${placeLabel(place)}`
  const on: number[] = []
  const starts: (number | null)[] = []
  for (let step = 0; step < grid.stepCount; step += 1) {
    const serves = model.binary(`on_${label}_t${step}`)
    const before = on[step - 1]
    const from = latestStart(grid, gridTenant, place, step)
    holderList(holders, place, step).push(serves)
    on.push(serves)
    if (from === null) {
      starts.push(null)
      const grown: Term[] = before === undefined ? [] : [[before, -1]]
      model.constraint(`no_start_${label}_t${step}`, [[serves, 1], ...grown], '<=', 0)
      continue
    }
    const start = model.variable(`start_${label}_t${step}`, { upper: 1 })
    starts.push(start)
    addWarmUp(draft, { label, step, from, start, on })
    for (let held = from; held < step; held += 1) holderList(holders, place, held).push(start)
  }
  addResidence(draft, { label, on, starts, wasServing: must(gridTenant.wasServing[place.index]) })
  return on
}

type WarmUp = {
  readonly label: string
  readonly step: number
  readonly from: number
  readonly start: number
  readonly on: readonly number[]
}

/**
 * (7) start[w, p, t] is 1 exactly when the place begins to serve in t; it holds the place from step
 * `from` on. (8) A block is a maximal run: the tenant's inference did not serve there just before.
 */
function addWarmUp({ model }: Draft, { label, step, from, start, on }: WarmUp): void {
  const serves = must(on[step])
  const before = on[step - 1]
  const grown: Term[] = before === undefined ? [] : [[before, -1]]
  model.constraint(`start_${label}_t${step}`, [[serves, 1], ...grown, [start, -1]], '<=', 0)
  model.constraint(
    `start_serves_${label}_t${step}`,
    [
      [start, 1],
      [serves, -1],
    ],
    '<=',
    0,
  )
  if (before === undefined) return
  model.constraint(
    `start_anew_${label}_t${step}`,
    [
      [start, 1],
      [before, 1],
    ],
    '<=',
    1,
  )
  const earlier = on[from - 1]
  if (earlier === undefined || earlier === before) return
  model.constraint(
    `start_apart_${label}_t${step}`,
    [
      [start, 1],
      [earlier, 1],
    ],
    '<=',
    1,
  )
}

type Residence = {
  readonly label: string
  readonly on: readonly number[]
  readonly starts: readonly (number | null)[]
  readonly wasServing: boolean
}

/** (9) what begins to serve does so for the minimum residence, or to the problem's end. */
function addResidence(draft: Draft, { label, on, starts, wasServing }: Residence): void {
  const { grid, model } = draft
  for (let step = 0; step < grid.stepCount; step += 1) {
    const recent: Term[] = []
    for (let begun = 0; begun < step; begun += 1) {
      const start = starts[begun] ?? null
      if (start === null || residenceEnd(grid, begun) <= step) continue
      if (begun > 0 || !wasServing) recent.push([start, 1])
    }
    if (recent.length === 0) continue
    model.constraint(`residence_${label}_t${step}`, [...recent, [must(on[step]), -1]], '<=', 0)
  }
}

/** (10) in each step the held places of a GPU can exist together. */
function addSpace(draft: Draft, holders: Holders): void {
  const { grid } = draft
  for (const [gpu, { model }] of grid.problem.gpus.entries()) {
    const places = grid.places.filter((place) => place.gpu === gpu)
    const rows = [...sliceRows(places, model), ...otherRows(places, model)]
    for (let step = 0; step < grid.stepCount; step += 1) {
      const limit = (name: string, of: readonly Term[], right: number): void => {
        const terms = of.flatMap(([index, weight]): Term[] =>
          must(holders[index]?.[step]).map((variable): Term => [variable, weight]),
        )
        draft.model.constraint(`${name}_g${gpu}_t${step}`, terms, '<=', right)
      }
      for (const { name, terms, right } of rows) limit(name, terms, right)
    }
  }
}
