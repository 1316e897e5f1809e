import { must } from '../base/assert.ts'
import { addClassSpace, type ClassHoldings } from './class-space.ts'
import { type Draft, placeLabel, type ServeVariable, type TrainVariable } from './draft.ts'
import { type Grid, type GridTenant, stepAnswers, stepFrom, stepValue } from './grid.ts'
import { type Model, ModelBuilder, type Term } from './model.ts'
import { addPlacedSpace, type PlacedHoldings } from './placed-space.ts'
import type { Place } from './places.ts'
import type { ServingSet } from './serving-sets.ts'
import { mayStart, type TrainingOption, terminalGain, terminalWeight } from './training-options.ts'

export type Formulation = {
  readonly grid: Grid
  readonly model: Model
  readonly serve: readonly ServeVariable[]
  readonly train: readonly TrainVariable[]
  readonly holdings: PlacedHoldings | ClassHoldings
}

/**
 * How exactly instances are placed: `placed` says for each instance where it lies (exact, design
 * 002 equations 6 to 10), `counts` only how many of each class there are (a relaxation, 11 to 14).
 */
export type SpaceLevel = 'placed' | 'counts'

export type FormulationOptions = {
  readonly level: SpaceLevel
  /** Floors may be missed at a price that is higher than all Goodput: finds the nearest to them. */
  readonly hasElasticFloors?: boolean
}

/** The planning problem as an integer program: docs/designs/002-ilp.md, equation by equation. */
export function formulate(grid: Grid, options: FormulationOptions): Formulation {
  const { level } = options
  const draft: Draft = {
    grid,
    model: new ModelBuilder(`${level} plan`),
    serve: grid.tenants.map(() => Array.from({ length: grid.stepCount }, () => [])),
    train: [],
  }
  for (const tenant of grid.tenants) {
    addTerminalValue(draft, tenant)
    addRetraining(draft, tenant, level)
    addOneRetraining(draft, tenant)
    addServing(draft, tenant, level)
    addFloor(draft, tenant, options)
  }
  const holdings = level === 'placed' ? addPlacedSpace(draft) : addClassSpace(draft)
  const { model, serve, train } = draft
  return { grid, model: model.build(), serve: serve.flat(2), train, holdings }
}

/** (2) terminal value of the deployed version: a constant; train variables carry the difference. */
function addTerminalValue({ model, grid }: Draft, { tenant }: GridTenant): void {
  model.addToObjective(terminalWeight(grid.problem, tenant) * tenant.accuracyTerminal)
}

/** train[w, o, p, t] with its terminal gain (2), wherever and whenever it may start. */
function addRetraining(
  draft: Draft,
  { index, tenant, training }: GridTenant,
  level: SpaceLevel,
): void {
  const { grid, model, train } = draft
  const { problem } = grid
  for (const option of training) {
    for (const place of placesFor(grid, option, level)) {
      for (let step = 0; step < grid.stepCount; step += 1) {
        const slot = must(grid.edges[step])
        if (!mayStart(option, slot, problem.slotCount)) continue
        const where =
          place === null ? must(problem.classes[option.classIndex]).name : placeLabel(place)
        const version = must(tenant.underWay?.forecast ?? tenant.retraining[option.version])
        const what = `${tenant.id}_${option.kind}_${version.configurationId}`
        const gain = terminalGain(problem, tenant, option, slot)
        const variable = model.binary(`train_${what}_${where}_t${step}`, gain)
        const endStep = stepFrom(grid, slot + option.span.slots)
        train.push({ variable, tenant: index, option, place, step, endStep })
      }
    }
  }
}

function placesFor(
  grid: Grid,
  option: TrainingOption,
  level: SpaceLevel,
): readonly (Place | null)[] {
  if (option.at !== null) return [option.at]
  if (level === 'counts') return [null]
  const isAllowed = (place: Place) =>
    place.classIndex === option.classIndex && place !== option.notAt
  return grid.places.filter(isAllowed)
}

/** (3) at most one retraining a tenant. */
function addOneRetraining({ model, train }: Draft, { index, tenant }: GridTenant): void {
  const own = train.filter((variable) => variable.tenant === index)
  const inTime = [...own].sort((a, b) => a.step - b.step)
  model.alternatives(inTime.map(({ variable }) => variable))
  model.constraint(
    `one_retraining_${tenant.id}`,
    own.map(({ variable }) => [variable, 1]),
    '<=',
    1,
  )
}

/**
 * (1) the objective's columns and (4): in each step exactly one set, with a version that exists by
 * then. At counts level whole numbers are asked of the instances, not of the choice: where a set's
 * worth is concave in its instances that is the same, and it is solved several times faster.
 */
function addServing(draft: Draft, gridTenant: GridTenant, level: SpaceLevel): void {
  const { grid, model, serve } = draft
  const { index, tenant, versions } = gridTenant
  const done = versions.map(() => -1)
  for (let step = 0; step < grid.stepCount; step += 1) {
    const deployed: Term[] = []
    for (let version = -1; version < versions.length; version += 1) {
      if (version >= 0)
        done[version] = addDone(draft, gridTenant, { version, step, before: must(done[version]) })
      if (version >= 0 && done[version] === -1) continue
      const chosen: Term[] = []
      for (const set of gridTenant.sets) {
        const what = `${versionLabel(gridTenant, version)}_${setLabel(grid, set)}`
        const value = stepValue(grid, gridTenant, { set, version, step })
        const variable = model.variable(`serve_${tenant.id}_t${step}_${what}`, {
          upper: 1,
          isInteger: level === 'placed',
          objective: value,
        })
        must(serve[index]?.[step]).push({ variable, tenant: index, step, version, set })
        chosen.push([variable, 1])
      }
      if (version < 0) deployed.push(...chosen)
      else {
        const doneNow = must(done[version])
        model.constraint(
          `version_${tenant.id}_t${step}_v${version}`,
          [...chosen, [doneNow, -1]],
          '=',
          0,
        )
        deployed.push([doneNow, 1])
      }
    }
    model.constraint(`one_set_${tenant.id}_t${step}`, deployed, '=', 1)
  }
}

/**
 * (5) done[w, v, t] = done[w, v, t - 1] + the retrainings that end at t; -1 while none can have.
 */
function addDone(
  { model, train }: Draft,
  { index, tenant }: GridTenant,
  at: { readonly version: number; readonly step: number; readonly before: number },
): number {
  const ended = train.filter(
    (variable) =>
      variable.tenant === index &&
      variable.option.version === at.version &&
      variable.endStep === at.step,
  )
  if (at.before === -1 && ended.length === 0) return -1
  const done = model.variable(`done_${tenant.id}_v${at.version}_t${at.step}`, { upper: 1 })
  const terms: Term[] = [[done, 1], ...ended.map(({ variable }): Term => [variable, -1])]
  if (at.before !== -1) terms.push([at.before, -1])
  model.constraint(`done_${tenant.id}_v${at.version}_t${at.step}`, terms, '=', 0)
  return done
}

/**
 * (15) the floor a site may ask for: a share of the arrivals to answer in time over the problem.
 */
function addFloor(
  { grid, model, serve }: Draft,
  { index, tenant }: GridTenant,
  { hasElasticFloors = false }: FormulationOptions,
): void {
  const { sloAttainmentMin } = tenant
  const { slotSeconds } = grid.problem
  const arrivals = tenant.arrivals.meanRps.reduce((sum, rate) => sum + rate * slotSeconds, 0)
  if (sloAttainmentMin === null || sloAttainmentMin <= 0 || arrivals <= 0) return
  const terms = must(serve[index])
    .flat()
    .map(({ variable, set, step }): Term => [variable, stepAnswers(grid, set, step) / arrivals])
    .filter(([, share]) => share > 0)
  // In a window all tenants together are worth at most 1.
  const price = 10
  const slack = { upper: hasElasticFloors ? 1 : 0, objective: -price }
  const missing = model.variable(`missing_${tenant.id}`, slack)
  model.constraint(`floor_${tenant.id}`, [...terms, [missing, 1]], '>=', sloAttainmentMin)
}

function versionLabel({ versions }: GridTenant, version: number): string {
  return version < 0 ? 'deployed' : must(versions[version]).forecast.configurationId
}

function setLabel({ problem }: Grid, set: ServingSet): string {
  const parts = set.counts.flatMap((count, k) =>
    count === 0 ? [] : [`${count}x${must(problem.classes[k]).name}`],
  )
  return parts.length === 0 ? 'none' : parts.join('.')
}
