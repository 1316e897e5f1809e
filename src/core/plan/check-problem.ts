import type { RetrainingForecast } from '../forecast.ts'
import { profileById } from '../mig/gpu-model.ts'
import type { ServiceTable } from '../workload/service-table.ts'
import { firstServingSlot, reachableAttainment } from './floor-reach.ts'
import type { PlanOutcome } from './outcome.ts'
import type { PlanningProblem, PlanningTenant } from './problem.ts'
import { slotStartSeconds } from './slots.ts'

/** Why no plan can be asked for: one sentence with the tenant, the limit, and what would do. */
export type ProblemCheck =
  | { readonly kind: 'plannable' }
  | { readonly kind: 'infeasible'; readonly reason: string }

/** One complaint: what it is about, what was found, and what would do. */
type Complaint = string

/**
 * Whether planners can take this problem: every number is finite and in its range, arrays have a
 * value for each slot or class, names and places exist, and no floor asks for more than all GPUs
 * together could answer. Floors that only contradict each other are for the planners to find.
 */
export function checkProblem(problem: PlanningProblem): ProblemCheck {
  const found = [
    ...spanComplaints(problem),
    ...gpuComplaints(problem),
    ...problem.tenants.flatMap((tenant) => tenantComplaints(problem, tenant)),
    ...runningComplaints(problem),
  ]
  const complaints = found.length > 0 ? found : floorComplaints(problem)
  if (complaints.length === 0) return { kind: 'plannable' }
  const more = complaints.length > 3 ? `; and ${complaints.length - 3} more` : ''
  return { kind: 'infeasible', reason: `${complaints.slice(0, 3).join('; ')}${more}` }
}

/** The outcome of a planner that was asked for the impossible, or null: it may begin. */
export function refusal(
  problem: PlanningProblem,
): Extract<PlanOutcome, { status: 'infeasible' }> | null {
  const check = checkProblem(problem)
  if (check.kind === 'plannable') return null
  const work = { steps: 0, chargedSeconds: 0 }
  return { status: 'infeasible', reason: check.reason, work }
}

function spanComplaints(problem: PlanningProblem): readonly Complaint[] {
  const { slotCount, slotSeconds, startSeconds, costs } = problem
  const { residenceSecondsMin, terminalSeconds } = problem
  const seconds = { ...costs, residenceSecondsMin, terminalSeconds }
  return [
    ...(Number.isInteger(slotCount) && slotCount > 0
      ? []
      : [`The problem has ${slotCount} slots; a whole number from 1 would do`]),
    ...(Number.isFinite(slotSeconds) && slotSeconds > 0
      ? []
      : [`A slot lasts ${slotSeconds} s; a finite time above 0 would do`]),
    ...(Number.isFinite(startSeconds)
      ? []
      : [`The problem starts at ${startSeconds} s; a finite time would do`]),
    ...Object.entries(seconds).flatMap(([name, value]) => notNegative(name, value)),
  ]
}

function notNegative(name: string, value: number): readonly Complaint[] {
  if (Number.isFinite(value) && value >= 0) return []
  return [`${name} is ${value}; a finite number from 0 would do`]
}

function gpuComplaints({ gpus, classes }: PlanningProblem): readonly Complaint[] {
  return gpus.flatMap(({ id, model, profileIds, blocked }): readonly Complaint[] => {
    const unknown = profileIds.filter(
      (profileId) => !model.profiles.some((own) => own.profileId === profileId),
    )
    const classless = profileIds.filter(
      (profileId) =>
        !classes.some((own) => own.gpuModelId === model.id && own.profileId === profileId),
    )
    const outside = blocked.filter(
      ({ start, size }) =>
        !(Number.isInteger(start) && Number.isInteger(size) && start >= 0 && size >= 0) ||
        start + size > model.memorySlices,
    )
    return [
      ...unknown.map((own) => `GPU ${id} may use profile ${own}, which ${model.name} has not`),
      ...classless.map((own) => `Profile ${own} of GPU ${id} is of no class of the problem`),
      ...outside.map(
        ({ start, size }) =>
          `GPU ${id} has ${size} blocked memory slices from ${start}; it has ${model.memorySlices}`,
      ),
    ]
  })
}

function tenantComplaints(problem: PlanningProblem, tenant: PlanningTenant): readonly Complaint[] {
  const { slotCount, classes } = problem
  const { id, arrivals, serving, retraining, underWay, sloAttainmentMin } = tenant
  const { weight, valuePerAnswer, inferenceStartSeconds, retrainingStartSeconds } = tenant
  const scalars = { weight, valuePerAnswer, inferenceStartSeconds, retrainingStartSeconds }
  const forecasts = underWay === null ? retraining : [...retraining, underWay.forecast]
  const floor = sloAttainmentMin ?? 0
  const complaints = [
    ...Object.entries(scalars).flatMap(([name, value]) => notNegative(name, value)),
    ...notNegative('arrivals.dispersion', arrivals.dispersion),
    ...perSlot('arrivals.meanRps', arrivals.meanRps, { slotCount, most: Number.MAX_VALUE }),
    ...perSlot('accuracyDeployed', tenant.accuracyDeployed, { slotCount, most: 1 }),
    ...asShare('accuracyTerminal', tenant.accuracyTerminal),
    ...asShare('sloAttainmentMin', floor),
    ...(serving.length === classes.length
      ? []
      : [`serving has ${serving.length} classes; ${classes.length} would do`]),
    ...serviceComplaints(tenant.service, classes.length),
    ...forecasts.flatMap((own) => forecastComplaints(problem, own)),
    ...(underWay === null ? [] : notNegative('restoreSeconds', underWay.restoreSeconds)),
  ]
  return complaints.map((own) => `Tenant ${id}: ${own}`)
}

function asShare(name: string, value: number): readonly Complaint[] {
  return value >= 0 && value <= 1 ? [] : [`${name} is ${value}; a number from 0 to 1 would do`]
}

function perSlot(
  name: string,
  values: readonly number[],
  { slotCount, most }: { readonly slotCount: number; readonly most: number },
): readonly Complaint[] {
  if (values.length !== slotCount) {
    return [`${name} has ${values.length} values; one for each of ${slotCount} slots would do`]
  }
  const wrong = values.findIndex((value) => !(value >= 0 && value <= most))
  if (wrong < 0) return []
  const range = most === 1 ? 'a number from 0 to 1' : 'a finite number from 0'
  return [`${name}[${wrong}] is ${values[wrong]}; ${range} would do`]
}

function forecastComplaints(
  { slotCount, classes }: PlanningProblem,
  { configurationId, secondsByClass, accuracyAfter, accuracyTerminal }: RetrainingForecast,
): readonly Complaint[] {
  const name = `retraining ${configurationId}`
  const wrong = secondsByClass.find((own) => own !== null && !(Number.isFinite(own) && own >= 0))
  return [
    ...(secondsByClass.length === classes.length
      ? []
      : [`${name} has ${secondsByClass.length} classes; ${classes.length} would do`]),
    ...(wrong === undefined
      ? []
      : [`${name} takes ${wrong} s; a finite time from 0, or none at all, would do`]),
    ...perSlot(`${name}: accuracyAfter`, accuracyAfter, { slotCount, most: 1 }),
    ...asShare(`${name}: accuracyTerminal`, accuracyTerminal),
  ]
}

function serviceComplaints(
  { classCount, loads, sets, dispersion = 1 }: ServiceTable,
  classes: number,
): readonly Complaint[] {
  if (classCount !== classes) {
    return [`its service table has ${classCount} classes; ${classes} would do`]
  }
  const isAscending = loads.every((load, i) => {
    return Number.isFinite(load) && load >= 0 && (i === 0 || load > (loads[i - 1] as number))
  })
  if (!isAscending) return ['the loads of its service table do not ascend; finite ones would do']
  const wrong = sets.find(
    ({ counts, capacityRps, inTimeShare }) =>
      counts.length !== classCount ||
      !counts.every((count) => Number.isInteger(count) && count >= 0) ||
      inTimeShare.length !== loads.length ||
      !(Number.isFinite(capacityRps) && capacityRps >= 0) ||
      !inTimeShare.every((share) => share >= 0 && share <= 1),
  )
  const where = wrong === undefined ? '' : `its service table, at instances ${wrong.counts}, `
  return [
    ...(wrong === undefined ? [] : [`${where}is not a curve of shares from 0 to 1`]),
    ...notNegative('the dispersion of its service table', dispersion),
  ]
}

function runningComplaints({ running, gpus, tenants }: PlanningProblem): readonly Complaint[] {
  return running.flatMap(({ id, gpu, profileId, start, worker }): readonly Complaint[] => {
    const model = gpus[gpu]?.model
    if (model === undefined) return [`Instance ${id} runs on GPU ${gpu}; there are ${gpus.length}`]
    if (!model.profiles.some((own) => own.profileId === profileId)) {
      return [`Instance ${id} is of profile ${profileId}, which ${model.name} has not`]
    }
    const { starts, name } = profileById(model, profileId)
    const ready = worker === null ? [] : notNegative('readyInSeconds', worker.readyInSeconds)
    const isKnown = worker === null || tenants.some((own) => own.id === worker.tenant)
    return [
      ...(starts.includes(start)
        ? []
        : [`Instance ${id} starts at ${start}; ${name} starts at ${starts}`]),
      ...ready.map((own) => `Instance ${id}: ${own}`),
      ...(isKnown ? [] : [`Instance ${id} works for ${worker.tenant}, which is no tenant`]),
    ]
  })
}

function floorComplaints(problem: PlanningProblem): readonly Complaint[] {
  return problem.tenants.flatMap((tenant): readonly Complaint[] => {
    const { id, sloAttainmentMin } = tenant
    if (sloAttainmentMin === null || sloAttainmentMin <= 0) return []
    const most = reachableAttainment(problem, tenant)
    if (most === null || most >= sloAttainmentMin - 1e-9) return []
    const asked = `${Number((100 * sloAttainmentMin).toFixed(2))} %`
    const nearest = `${Math.floor(1000 * most) / 10} %`
    const alone = problem.gpus.length === 0 ? 'there is no GPU' : 'with every GPU to itself'
    return [
      `${id} cannot have ${asked} of its requests answered in time in this window; ` +
        `${alone} it reaches at most ${nearest}${whyNoMore(problem, tenant)}`,
    ]
  })
}

function whyNoMore(problem: PlanningProblem, tenant: PlanningTenant): string {
  const slot = firstServingSlot(problem, tenant)
  if (slot === 0 || problem.gpus.length === 0) return ''
  if (!tenant.serving.some((own) => own !== null)) return ', as no instance can serve it'
  const seconds = slotStartSeconds(problem, Math.min(slot, problem.slotCount))
  return `, as no worker of it can serve before ${seconds} s`
}
