import type { PlanningProblem, PlanningTenant } from '../../core/plan/problem.ts'

/**
 * What makes a problem one that nobody can plan, as a sentence, or null. Numbers that come from
 * forecasts and files may be anything; what comes from types is believed.
 */
export function faultOf(problem: PlanningProblem): string | null {
  const { slotCount, slotSeconds, residenceSecondsMin, terminalSeconds, costs } = problem
  if (!Number.isInteger(slotCount) || slotCount < 1) return `Cannot plan ${slotCount} slots`
  if (!(slotSeconds > 0 && slotSeconds < Number.POSITIVE_INFINITY)) {
    return `Cannot plan in slots of ${slotSeconds} s`
  }
  const seconds = { ...costs, residenceSecondsMin, terminalSeconds }
  for (const [name, value] of Object.entries(seconds)) {
    if (!isAmount(value)) return `Cannot plan: ${name} is ${value}`
  }
  for (const { id, worker } of problem.running) {
    if (worker !== null && !isAmount(worker.readyInSeconds)) {
      return `Cannot plan: the worker on ${id} is ready in ${worker.readyInSeconds} s`
    }
  }
  for (const tenant of problem.tenants) {
    const fault = tenantFault(tenant, slotCount)
    if (fault !== null) return `Cannot plan: ${fault} of ${tenant.id}`
  }
  return null
}

function tenantFault(tenant: PlanningTenant, slotCount: number): string | null {
  const { arrivals, retraining, underWay } = tenant
  const forecasts = underWay === null ? retraining : [underWay.forecast, ...retraining]
  const amounts: readonly (readonly [string, number])[] = [
    ['the value of an answer', tenant.valuePerAnswer],
    ['the dispersion of the arrivals', arrivals.dispersion],
    ['the seconds to start inference', tenant.inferenceStartSeconds],
    ['the seconds to start retraining', tenant.retrainingStartSeconds],
    ['the accuracy after the end', tenant.accuracyTerminal],
    ['the seconds to restore a checkpoint', underWay?.restoreSeconds ?? 0],
    ['the least SLO attainment', tenant.sloAttainmentMin ?? 0],
    ...forecasts.map((own) => ['a forecast accuracy', own.accuracyTerminal] as const),
    ...forecasts.flatMap(({ secondsByClass }) =>
      secondsByClass.map((seconds) => ['the seconds of a retraining', seconds ?? 0] as const),
    ),
  ]
  const wrong = amounts.find(([, value]) => !isAmount(value))
  if (wrong !== undefined) return `${wrong[1]} as ${wrong[0]}`
  return (
    rowFault('arrivals', arrivals.meanRps, slotCount) ??
    rowFault('accuracies', tenant.accuracyDeployed, slotCount) ??
    forecasts.reduce<string | null>(
      (found, own) => found ?? rowFault('forecast accuracies', own.accuracyAfter, slotCount),
      null,
    )
  )
}

function rowFault(what: string, row: readonly number[], slotCount: number): string | null {
  if (row.length !== slotCount) return `${row.length} ${what} for ${slotCount} slots`
  const slot = row.findIndex((value) => !isAmount(value))
  return slot < 0 ? null : `${row[slot]} among the ${what}, in slot ${slot},`
}

/** Finite and not negative. */
function isAmount(value: number): boolean {
  return value >= 0 && value < Number.POSITIVE_INFINITY
}
