import { describeSource } from '../arrivals/describe-source.ts'
import type { Site } from '../core/site.ts'
import type { ReportGpu } from '../observe/report/report-gpu.ts'

/** The GPUs as the report draws them. */
export function reportGpus(site: Site): readonly ReportGpu[] {
  return site.gpus.map((gpu, index) => ({
    index,
    title: `GPU ${index}: ${gpu.model.name} (simulated)`,
    memorySlices: gpu.model.memorySlices,
  }))
}

/** Where the site's figures come from, one sentence each, for people who must trust them. */
export function describeSite(site: Site): readonly string[] {
  const arrivals = (site.simulation?.tenants ?? []).map((tenant, index) => {
    const name = site.tenants[index]?.id ?? '?'
    return `Arrivals of ${name}: ${describeSource(tenant.arrivals.source)}.`
  })
  const tables = new Set(site.tenants.map((tenant) => tenant.accuracy.source))
  const accuracies = [...tables].map((source) => `Accuracy: ${source}.`)
  return [...arrivals, ...accuracies]
}
