import { goodputOf } from '../goodput.ts'
import type { RunResult, TenantResult } from '../run-result.ts'
import { count, duration, percent } from '../units.ts'
import { layoutTimeline } from './layout-timeline.ts'
import { lineChart } from './line-chart.ts'
import { escapeText, htmlTable, tenantColour } from './markup.ts'
import type { ReportGpu } from './report-gpu.ts'

/** Everything about one policy's run: layouts, arrivals against capacity, accuracy, windows. */
export function policySection(
  run: RunResult,
  { gpus, windowSeconds }: { readonly gpus: readonly ReportGpu[]; readonly windowSeconds: number },
): string {
  const { durationSeconds } = run
  const tenants = run.tenants.map((tenant) => tenant.tenant)
  const timelines = gpus.map((gpu) =>
    layoutTimeline({ gpu, spans: run.timeline, tenants, durationSeconds, windowSeconds }),
  )
  const capacities = run.tenants.map((tenant, index) =>
    lineChart({
      title: `${tenant.tenant}: arrivals against capacity, requests per second`,
      series: [
        { label: 'arrived', colour: '#7f8b97', values: tenant.perSecond.arrived, style: 'area' },
        {
          label: 'capacity within SLO',
          colour: tenantColour(index),
          values: tenant.perSecond.capacityRps,
          style: 'line',
        },
        {
          label: 'answered in time',
          colour: tenantColour(index),
          values: tenant.perSecond.inTime,
          style: 'dashed',
        },
      ],
      durationSeconds,
      windowSeconds,
      range: null,
      format: count,
    }),
  )
  const share = (value: number) => percent(value, 0)
  const common = { durationSeconds, windowSeconds, range: { low: 0, high: 1 }, format: share }
  const accuracy = lineChart({
    title: 'Accuracy of the serving version on the data of that moment',
    series: perTenantSeries(run, (tenant) => tenant.perSecond.accuracy),
    ...common,
    range: { low: 0.4, high: 1 },
  })
  const goodput = lineChart({
    title: 'Goodput over the last 10 s',
    series: perTenantSeries(run, goodputPerSecond),
    ...common,
  })
  return [...timelines, ...capacities, accuracy, goodput, tenantTable(run)].join('\n')
}

function perTenantSeries(run: RunResult, values: (tenant: TenantResult) => readonly number[]) {
  return run.tenants.map((tenant, index) => ({
    label: tenant.tenant,
    colour: tenantColour(index),
    values: values(tenant),
    style: 'line' as const,
  }))
}

/** Answers in time x accuracy over arrivals, both summed over the last ten seconds. */
function goodputPerSecond(tenant: TenantResult): number[] {
  const { arrived, inTime, accuracy } = tenant.perSecond
  const goodputs: number[] = []
  let good = 0
  let all = 0
  for (let second = 0; second < arrived.length; second += 1) {
    good += (inTime[second] ?? 0) * (accuracy[second] ?? 0)
    all += arrived[second] ?? 0
    if (second >= 10) {
      good -= (inTime[second - 10] ?? 0) * (accuracy[second - 10] ?? 0)
      all -= arrived[second - 10] ?? 0
    }
    goodputs.push(all > 0 ? Math.min(1, good / all) : 0)
  }
  return goodputs
}

const tenantTitles = [
  'tenant',
  'Goodput',
  'SLO attainment',
  'accuracy',
  'arrived',
  'late',
  'shed',
  'failed or lost',
  'p50',
  'p99',
  'retrainings',
]

function tenantTable(run: RunResult): string {
  const rows = run.tenants.map((tenant) => {
    const parts = goodputOf(tenant)
    const cells = [
      escapeText(tenant.tenant),
      parts === null ? 'no arrivals' : percent(parts.goodput),
      parts === null ? '–' : percent(parts.sloAttainment),
      parts === null ? '–' : percent(parts.accuracy),
      count(tenant.arrived),
      count(tenant.late),
      count(tenant.shed),
      count(tenant.failed + tenant.lost),
      duration(tenant.latencySeconds.p50),
      duration(tenant.latencySeconds.p99),
      String(tenant.retrainingsDone),
    ]
    return { cells }
  })
  return htmlTable(tenantTitles, rows)
}
