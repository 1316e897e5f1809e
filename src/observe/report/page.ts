import type { Comparison, PolicySummary } from '../comparison.ts'
import type { RunResult } from '../run-result.ts'
import { count, duration, percent, points } from '../units.ts'
import { goodputBars } from './goodput-bars.ts'
import { hatchPatterns } from './layout-timeline.ts'
import { element, escapeText, htmlTable, tenantColour } from './markup.ts'
import { policySection } from './policy-section.ts'
import type { ReportGpu } from './report-gpu.ts'
import { reportStyle } from './style.ts'

/**
 * The comparison as one self-contained HTML page: no script, no network, every figure from `runs`.
 * Details are shown for the first seed's run of each policy.
 */
export function reportPage(options: {
  readonly comparison: Comparison
  readonly runs: readonly RunResult[]
  readonly gpus: readonly ReportGpu[]
  readonly windowSeconds: number
  /** What the arrivals, profiles and accuracies are, one sentence each. */
  readonly provenance: readonly string[]
}): string {
  const { comparison, runs } = options
  const seed = comparison.seeds[0]
  const shown = runs.filter((run) => run.seed === seed)
  const tenants = shown[0]?.tenants.map((tenant) => tenant.tenant) ?? []
  const tabs = shown.map((run, index) => tab(run, index, comparison))
  const sections = shown.map((run, index) =>
    element('section', { id: `policy-${index}` }, policySection(run, options)),
  )
  const lines = [...options.provenance, 'Nothing here was run on a MIG GPU.']
  const seedCount = comparison.seeds.length === 1 ? '1 seed' : `${comparison.seeds.length} seeds`
  const style = reportStyle + tabRules(shown.length)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>migrator compare: ${escapeText(comparison.site)}</title><style>${style}</style></head>
<body><main>
<h1>${escapeText(comparison.site)}: policies compared</h1>
<p class="soft">Simulated, request by request: ${seedCount}
(${comparison.seeds.join(', ')}), ${shown[0]?.durationSeconds ?? 0} s each, the same arrivals,
drift and truth for every policy. Goodput is the share of requests answered in time
<em>and</em> correctly.</p>
${goodputBars(comparison.policies)}
${comparisonTable(comparison)}
<h2>One run of each policy (seed ${seed})</h2>
${tenantKey(tenants)}
${hatchPatterns(tenants)}
<div class="tabs">${tabs.join('\n')}
${sections.join('\n')}</div>
<footer>${lines.map((line) => element('div', {}, escapeText(line))).join('')}</footer>
</main></body></html>
`
}

/** Tabs without a script: each radio shows its section. */
function tabRules(tabCount: number): string {
  return Array.from(
    { length: tabCount },
    (_, index) => `#tab-${index}:checked ~ #policy-${index} { display: block; }`,
  ).join('\n')
}

function tab(run: RunResult, index: number, comparison: Comparison): string {
  const summary = comparison.policies[run.policy]
  const goodput = summary === undefined ? '' : ` ${percent(summary.goodput.mean)}`
  const id = `tab-${index}`
  const checked: Record<string, string> = index === 0 ? { checked: 'checked' } : {}
  const words = escapeText(run.policy) + element('span', { class: 'soft' }, goodput)
  return (
    element('input', { type: 'radio', name: 'policy', id, ...checked }) +
    element('label', { for: id }, words)
  )
}

const hatch = 'repeating-linear-gradient(45deg, var(--soft) 0 3px, var(--ground) 3px 6px)'

const strip = 'linear-gradient(var(--ground) 65%, var(--soft) 65%)'

export function tenantKey(tenants: readonly string[]): string {
  const entries = [
    ...tenants.map((tenant, index) => ({ ground: tenantColour(index), words: tenant })),
    { ground: 'var(--soft)', words: 'full: serving' },
    { ground: hatch, words: 'hatched: retraining' },
    { ground: 'var(--soft);opacity:.3', words: 'pale: creating, initialising or draining' },
    { ground: 'var(--idle)', words: 'grey: idle' },
    { ground: strip, words: 'strip at the foot: the next worker starts beside' },
  ]
  const items = entries.map(({ ground, words }) =>
    element('li', {}, element('span', { style: `background:${ground}` }) + escapeText(words)),
  )
  return element('ul', { class: 'key' }, items.join(''))
}

function comparisonTable(comparison: Comparison): string {
  const titles = [
    'policy',
    'Goodput',
    '95 % interval',
    `lead of ${comparison.reference}, points`,
    'SLO attainment',
    'accuracy',
    'shed',
    'late',
    'failed, lost',
    'p99, worst tenant',
    'reconf.',
    'retrain.',
    'GPU-hours',
  ]
  const rows = Object.entries(comparison.policies).map(([name, summary]) => ({
    cells: policyCells(name, summary),
    ...(name === comparison.reference ? { kind: 'reference' } : {}),
  }))
  return htmlTable(titles, rows)
}

function policyCells(name: string, summary: PolicySummary): string[] {
  const lead = summary.leadOfReference
  return [
    escapeText(name),
    percent(summary.goodput.mean),
    `${percent(summary.goodput.low)} … ${percent(summary.goodput.high)}`,
    lead === null ? '–' : `${points(lead.mean)} (${points(lead.low)} … ${points(lead.high)})`,
    percent(summary.sloAttainment),
    percent(summary.accuracy),
    count(summary.shed),
    count(summary.late),
    count(summary.failed + summary.lost),
    duration(summary.latencyP99Seconds),
    summary.reconfigurations.toFixed(1),
    summary.retrainings.toFixed(1),
    summary.gpuHours.toFixed(2),
  ]
}
