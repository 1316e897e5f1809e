import type { Comparison, PolicySummary } from '../observe/comparison.ts'
import { goodputOf, headline } from '../observe/goodput.ts'
import type { RunResult } from '../observe/run-result.ts'
import { type Column, textTable } from '../observe/text-table.ts'
import { count, duration, percent, points } from '../observe/units.ts'

type PolicyRow = { readonly name: string; readonly summary: PolicySummary }

/** The comparison for a terminal. */
export function comparisonTable(comparison: Comparison): string {
  const { reference } = comparison
  const lead = ({ summary }: PolicyRow) => {
    const interval = summary.leadOfReference
    if (interval === null) return '–'
    return `${points(interval.mean)} (${points(interval.low)} … ${points(interval.high)})`
  }
  const columns: readonly Column<PolicyRow>[] = [
    { title: 'policy', align: 'left', cell: ({ name }) => name },
    { title: 'Goodput', align: 'right', cell: ({ summary }) => percent(summary.goodput.mean) },
    {
      title: '95 % interval',
      align: 'right',
      cell: ({ summary }) => `${percent(summary.goodput.low)} … ${percent(summary.goodput.high)}`,
    },
    { title: `lead of ${reference}, points`, align: 'right', cell: lead },
    { title: 'in SLO', align: 'right', cell: ({ summary }) => percent(summary.sloAttainment) },
    { title: 'accuracy', align: 'right', cell: ({ summary }) => percent(summary.accuracy) },
    { title: 'shed', align: 'right', cell: ({ summary }) => count(summary.shed) },
    { title: 'late', align: 'right', cell: ({ summary }) => count(summary.late) },
    {
      title: 'failed/lost',
      align: 'right',
      cell: ({ summary }) => count(summary.failed + summary.lost),
    },
    { title: 'p99', align: 'right', cell: ({ summary }) => duration(summary.latencyP99Seconds) },
    {
      title: 'reconf.',
      align: 'right',
      cell: ({ summary }) => summary.reconfigurations.toFixed(1),
    },
    { title: 'retrain.', align: 'right', cell: ({ summary }) => summary.retrainings.toFixed(1) },
  ]
  const rows = Object.entries(comparison.policies).map(([name, summary]) => ({ name, summary }))
  const { length } = comparison.seeds
  const seeds = `${length} ${length === 1 ? 'seed' : 'seeds'} (${comparison.seeds.join(', ')})`
  const head = `Site ${comparison.site}, simulated, ${seeds}; the same arrivals and truth for all`
  const notes = Object.entries(comparison.policies).flatMap(([name, { prediction }]) => {
    if (prediction === null) return []
    const worst = (prediction.worstError * 100).toFixed(1)
    const middle = (prediction.medianError * 100).toFixed(1)
    return `  ${name}: median error ${middle}, worst ${worst} points`
  })
  const predicted = ['Predicted against simulated Goodput, per tenant and window:', ...notes]
  return [head, '', textTable(columns, rows), '', ...predicted].join('\n')
}

/** One run for a terminal: tenants, then windows. */
export function runTable(site: string, run: RunResult): string {
  type Tenant = RunResult['tenants'][number]
  const share = (pick: 'goodput' | 'sloAttainment' | 'accuracy') => (tenant: Tenant) => {
    const parts = goodputOf(tenant)
    return parts === null ? '–' : percent(parts[pick])
  }
  const columns: readonly Column<Tenant>[] = [
    { title: 'tenant', align: 'left', cell: (tenant) => tenant.tenant },
    { title: 'Goodput', align: 'right', cell: share('goodput') },
    { title: 'in SLO', align: 'right', cell: share('sloAttainment') },
    { title: 'accuracy', align: 'right', cell: share('accuracy') },
    { title: 'arrived', align: 'right', cell: (tenant) => count(tenant.arrived) },
    { title: 'late', align: 'right', cell: (tenant) => count(tenant.late) },
    { title: 'shed', align: 'right', cell: (tenant) => count(tenant.shed) },
    { title: 'failed', align: 'right', cell: (tenant) => count(tenant.failed) },
    { title: 'lost', align: 'right', cell: (tenant) => count(tenant.lost) },
    { title: 'p50', align: 'right', cell: (tenant) => duration(tenant.latencySeconds.p50) },
    { title: 'p99', align: 'right', cell: (tenant) => duration(tenant.latencySeconds.p99) },
    { title: 'retrain.', align: 'right', cell: (tenant) => String(tenant.retrainingsDone) },
  ]
  const total = headline(run)
  const head =
    `Site ${site}, policy ${run.policy}, seed ${run.seed}, simulated ${run.durationSeconds} s: ` +
    `Goodput ${percent(total.goodput)}, ${run.reconfigurations} reconfigurations`
  return [head, '', textTable(columns, run.tenants), '', windowTable(run)].join('\n')
}

function windowTable(run: RunResult): string {
  type Row = {
    readonly tenant: string
    readonly window: RunResult['tenants'][number]['perWindow'][number]
  }
  const rows = run.tenants.flatMap(({ tenant, perWindow }) =>
    perWindow.map((window): Row => ({ tenant, window })),
  )
  const columns: readonly Column<Row>[] = [
    { title: 'tenant', align: 'left', cell: (row) => row.tenant },
    { title: 'window', align: 'right', cell: (row) => String(row.window.window) },
    { title: 'Goodput', align: 'right', cell: (row) => percent(row.window.goodput) },
    {
      title: 'predicted',
      align: 'right',
      cell: (row) =>
        row.window.predictedGoodput === null ? '–' : percent(row.window.predictedGoodput),
    },
    { title: 'in SLO', align: 'right', cell: (row) => percent(row.window.sloAttainment) },
    { title: 'accuracy', align: 'right', cell: (row) => percent(row.window.accuracy) },
    { title: 'arrived', align: 'right', cell: (row) => count(row.window.arrived) },
    {
      title: 'forecast',
      align: 'right',
      cell: (row) =>
        row.window.forecastArrived === null ? '–' : count(row.window.forecastArrived),
    },
  ]
  return textTable(columns, rows)
}
