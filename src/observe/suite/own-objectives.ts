import { mean } from '../statistics.ts'
import type { OwnObjectiveResult, PeakLoadResult } from './suite-result.ts'
import type { PeakLoadRow, RunRow, SuiteRow } from './suite-row.ts'

/** Ekya's objective of every policy: mean over seeds, then scenarios. */
export function windowAccuraciesOf(
  rows: readonly RunRow[],
  isContinuousLearning: (scenario: string) => boolean,
): OwnObjectiveResult['windowAccuracy'] {
  const learning = rows.filter(({ scenario }) => isContinuousLearning(scenario))
  return [...new Set(rows.map(({ policy }) => policy))].map((policy) => {
    const of = (own: readonly RunRow[], pick: (row: RunRow) => number) =>
      meanOverScenarios(
        own.filter((row) => row.policy === policy),
        pick,
      )
    return {
      policy,
      continuousLearning: of(learning, ({ own }) => own.windowAccuracy),
      all: of(rows, ({ own }) => own.windowAccuracy) ?? 0,
      answered: of(rows, ({ own }) => own.windowAccuracyAnswered) ?? 0,
    }
  })
}

function meanOverScenarios(rows: readonly RunRow[], pick: (row: RunRow) => number): number | null {
  const names = [...new Set(rows.map(({ scenario }) => scenario))]
  if (names.length === 0) return null
  return mean(names.map((name) => mean(rows.filter(({ scenario }) => scenario === name).map(pick))))
}

/** PARIS's and Astraea's objective by scenario; null where none was run. */
export function peakLoadsOf(rows: readonly SuiteRow[]): readonly PeakLoadResult[] | null {
  const peaks = rows.filter((row): row is PeakLoadRow => row.kind === 'peak-load')
  if (peaks.length === 0) return null
  return [...new Set(peaks.map(({ scenario }) => scenario))].map((scenario) => {
    const own = peaks.filter((row) => row.scenario === scenario)
    const policies = [...new Set(own.map(({ policy }) => policy))].map((policy) => {
      const loads = own
        .filter((row) => row.policy === policy)
        .map(({ requestsPerSecond }) => requestsPerSecond ?? 0)
      return [policy, { mean: mean(loads), seeds: loads.length }] as const
    })
    return { scenario, policies: Object.fromEntries(policies) }
  })
}
