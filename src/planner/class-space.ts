import { must } from '../base/assert.ts'
import { type Draft, placeLabel, type TrainVariable } from './draft.ts'
import type { Grid, GridTenant } from './grid.ts'
import { chosenCounts, latestStart, residenceEnd, trainingHolds } from './holding.ts'
import type { Term } from './model.ts'
import type { Place } from './places.ts'
import { gpuGroups, type LayoutChoice, layoutChoices } from './reduce.ts'

/** An instance that runs already with its tenant's inference, and the steps in which it is kept. */
export type KeptInstance = {
  readonly tenant: number
  readonly place: Place
  /** The first step in which it serves. */
  readonly servesFrom: number
  /** kept[t]: it is still there in step t. */
  readonly kept: readonly number[]
}

export type ClassHoldings = {
  readonly kind: 'counts'
  readonly kept: readonly KeptInstance[]
  /**
   * fresh[w, k, t]: instances of class k, made in this plan, that serve w. [tenant][class][step]
   */
  readonly fresh: readonly (readonly (readonly number[])[])[]
  /** The constraint that what is held of class k in step t has room. [class][step] */
  readonly room: readonly (readonly number[])[]
}

/** What takes instances of a class in a step: holders[class][step]. */
type Holders = readonly (readonly Term[][])[]

/** Equations 11 to 14 of design 002: how many instances of each class serve, and that they fit. */
export function addClassSpace(draft: Draft): ClassHoldings {
  const { grid } = draft
  const steps = Array.from({ length: grid.stepCount }, (_, step) => step)
  const holders: Holders = grid.problem.classes.map(() => steps.map(() => []))
  for (const train of draft.train) {
    for (const step of steps.filter((step) => trainingHolds(grid, train, step))) {
      must(holders[train.option.classIndex]?.[step]).push([train.variable, 1])
    }
  }
  const kept = grid.tenants.flatMap((tenant) => keptInstances(draft, tenant))
  for (const { place, kept: variables } of kept) {
    for (const step of steps) {
      must(holders[place.classIndex]?.[step]).push([must(variables[step]), 1])
    }
  }
  const fresh = grid.tenants.map((tenant) =>
    grid.problem.classes.map((_, classIndex) => {
      if ((tenant.tenant.serving[classIndex] ?? null) === null) return []
      return addFresh(draft, tenant, { classIndex, holders, kept })
    }),
  )
  const room = addLayouts(draft, holders, kept)
  return { kind: 'counts', kept, fresh, room }
}

/** (12) what runs at the start serves its tenant until it is given up, and never comes back. */
function keptInstances({ grid, model }: Draft, gridTenant: GridTenant): readonly KeptInstance[] {
  const { index, tenant } = gridTenant
  const isOwn = (place: Place) => isRunningInference(grid, gridTenant, place)
  return grid.places.filter(isOwn).map((place) => {
    const label = `${tenant.id}_${placeLabel(place)}`
    const kept: number[] = []
    for (let step = 0; step < grid.stepCount; step += 1) {
      const variable = model.binary(`kept_${label}_t${step}`)
      const before = kept[step - 1]
      if (before !== undefined) {
        model.constraint(
          `kept_${label}_t${step}`,
          [
            [variable, 1],
            [before, -1],
          ],
          '<=',
          0,
        )
      }
      kept.push(variable)
    }
    const servesFrom = nearestStep(grid, must(gridTenant.servesFromStart[place.index]))
    return { tenant: index, place, servesFrom, kept }
  })
}

/**
 * What is ready within the first half of a step counts as ready at its start: were it rounded up as
 * a warm-up is, keeping what starts already would look no better than starting anew.
 */
function nearestStep({ edges, stepCount }: Grid, slot: number): number {
  const step = edges.findIndex((edge) => edge >= slot)
  if (step < 0) return stepCount
  if (step === 0) return 0
  return slot - must(edges[step - 1]) <= must(edges[step]) - slot ? step - 1 : step
}

function isRunningInference({ problem }: Grid, { tenant }: GridTenant, place: Place): boolean {
  return problem.running.some(
    ({ gpu, start, profileId, worker }) =>
      gpu === place.gpu &&
      start === place.start &&
      profileId === place.profile.profileId &&
      worker?.role === 'inference' &&
      worker.tenant === tenant.id,
  )
}

type FreshOptions = {
  readonly classIndex: number
  readonly holders: Holders
  readonly kept: readonly KeptInstance[]
}

/**
 * fresh[w, k, t] of one tenant and class. (11) the chosen set is what is kept and what is fresh;
 * (13) what is fresh was started, and held from its warm-up on; its minimum residence.
 */
function addFresh(
  draft: Draft,
  gridTenant: GridTenant,
  { classIndex, holders, kept }: FreshOptions,
): readonly number[] {
  const { grid, model } = draft
  const { index, tenant } = gridTenant
  const label = `${tenant.id}_${must(grid.problem.classes[classIndex]).name}`
  const fresh: number[] = []
  const starts: (number | null)[] = []
  for (let step = 0; step < grid.stepCount; step += 1) {
    const serving = model.variable(`fresh_${label}_t${step}`, { isInteger: true })
    const before = fresh[step - 1]
    const grown: Term[] = before === undefined ? [] : [[before, -1]]
    const from = latestStart(grid, gridTenant, null, step)
    const start = from === null ? null : model.variable(`start_${label}_t${step}`)
    const started: Term[] = start === null ? [] : [[start, -1]]
    model.constraint(`start_${label}_t${step}`, [[serving, 1], ...grown, ...started], '<=', 0)
    must(holders[classIndex]?.[step]).push([serving, 1])
    if (from !== null && start !== null) {
      for (let held = from; held < step; held += 1)
        must(holders[classIndex]?.[held]).push([start, 1])
    }
    fresh.push(serving)
    starts.push(start)
    const own = kept.filter(
      (instance) =>
        instance.tenant === index &&
        instance.place.classIndex === classIndex &&
        instance.servesFrom <= step,
    )
    const chosen = chosenCounts(draft, { tenant: index, step, classIndex })
    const keptNow = own.map((instance): Term => [must(instance.kept[step]), -1])
    model.constraint(`instances_${label}_t${step}`, [...chosen, ...keptNow, [serving, -1]], '=', 0)
  }
  addResidence(draft, { label, fresh, starts })
  return fresh
}

function addResidence(
  { grid, model }: Draft,
  {
    label,
    fresh,
    starts,
  }: {
    readonly label: string
    readonly fresh: readonly number[]
    readonly starts: readonly (number | null)[]
  },
): void {
  for (let step = 0; step < grid.stepCount; step += 1) {
    const recent: Term[] = []
    for (let begun = 0; begun < step; begun += 1) {
      const start = starts[begun] ?? null
      if (start !== null && residenceEnd(grid, begun) > step) recent.push([start, 1])
    }
    if (recent.length === 0) continue
    model.constraint(`residence_${label}_t${step}`, [...recent, [must(fresh[step]), -1]], '<=', 0)
  }
}

/** (14) in each step each GPU has one layout; together they have room for what is held. */
function addLayouts(
  draft: Draft,
  holders: Holders,
  kept: readonly KeptInstance[],
): readonly (readonly number[])[] {
  const { grid, model } = draft
  const { problem } = grid
  const stays = draft.train.filter((train) => train.option.at !== null)
  const anchors = [...kept.map(({ place }) => place), ...stays.map(({ place }) => must(place))]
  const groups = gpuGroups(problem, anchors).map((group) => ({
    ...group,
    choices: layoutChoices(problem, group.gpu, anchors),
  }))
  const room = problem.classes.map((): number[] => [])
  for (let step = 0; step < grid.stepCount; step += 1) {
    const supply = problem.classes.map((): Term[] => [])
    const anchored = new Map<Place, Term[]>(anchors.map((anchor) => [anchor, []]))
    for (const { gpu, count, choices } of groups) {
      const chosen = choices.map((choice, i): Term => {
        const variable = model.variable(`layout_g${gpu}_${i}_t${step}`)
        addSupply(choice, variable, { supply, anchored })
        return [variable, 1]
      })
      model.constraint(`one_layout_g${gpu}_t${step}`, chosen, '=', count)
    }
    for (const [classIndex, { name }] of problem.classes.entries()) {
      const held = must(holders[classIndex]?.[step])
      const terms = [...held, ...must(supply[classIndex])]
      must(room[classIndex]).push(model.constraint(`room_${name}_t${step}`, terms, '<=', 0))
    }
    for (const { place, kept: variables } of kept) {
      addAnchor(draft, { place, step, holder: must(variables[step]), anchored })
    }
    for (const train of stays.filter((one) => trainingHolds(grid, one, step))) {
      addAnchor(draft, { place: must(train.place), step, holder: train.variable, anchored })
    }
  }
  return room
}

function addSupply(
  { counts, anchored: places }: LayoutChoice,
  variable: number,
  to: {
    readonly supply: readonly Term[][]
    readonly anchored: ReadonlyMap<Place, Term[]>
  },
): void {
  for (const [classIndex, count] of counts.entries()) {
    if (count > 0) must(to.supply[classIndex]).push([variable, -count])
  }
  for (const place of places) must(to.anchored.get(place)).push([variable, -1])
}

/** What stays where it is needs a layout that contains its place. */
function addAnchor(
  { model }: Draft,
  at: {
    readonly place: Place
    readonly step: number
    readonly holder: TrainVariable['variable']
    readonly anchored: ReadonlyMap<Place, Term[]>
  },
): void {
  const layouts = must(at.anchored.get(at.place))
  const name = `stays_${placeLabel(at.place)}_v${at.holder}_t${at.step}`
  model.constraint(name, [[at.holder, 1], ...layouts], '<=', 0)
}
