import type { RunResult } from '../../observe/run-result.ts'

/** Share of each tenant's requests that must be answered in time: a 99th percentile within SLO. */
const withinSlo = 0.99
const scaleMin = 0.1
const scaleMax = 8
/** Neighbouring loads tried at last differ by less than this factor. */
const resolution = 1.03

export type PeakLoad = {
  readonly loadScale: number | null
  readonly notBorne: number | null
  readonly requestsPerSecond: number | null
}

/**
 * The highest load, in times the scenario's, that is borne within the SLO by every tenant: doubled
 * or halved from 1 until it is between two, then halved in between. Monotony is assumed.
 */
export function findPeakLoad(runAt: (loadScale: number) => RunResult): PeakLoad {
  let borne: { readonly scale: number; readonly requestsPerSecond: number } | null = null
  let notBorne: number | null = null
  for (let scale = 1; scale >= scaleMin && scale <= scaleMax; ) {
    const result = runAt(scale)
    if (isWithinSlo(result)) borne = { scale, requestsPerSecond: requestsPerSecond(result) }
    else notBorne = scale
    if (borne === null) scale /= 2
    else if (notBorne === null) scale *= 2
    else if (notBorne / borne.scale < resolution) break
    else scale = Math.sqrt(borne.scale * notBorne)
  }
  return {
    loadScale: borne?.scale ?? null,
    notBorne,
    requestsPerSecond: borne?.requestsPerSecond ?? null,
  }
}

function isWithinSlo({ tenants }: RunResult): boolean {
  return tenants.every(({ inTime, arrived }) => inTime >= withinSlo * arrived)
}

function requestsPerSecond({ tenants, durationSeconds }: RunResult): number {
  return tenants.reduce((sum, { arrived }) => sum + arrived, 0) / durationSeconds
}
