import { goodputOf, headline } from '../observe/goodput.ts'
import { type Column, textTable } from '../observe/text-table.ts'
import { headlineOf, type MeasuredTenant } from '../runtime/demo/demo-result.ts'
import type { DemoResult, JudgedVersion } from '../runtime/demo/run-demo.ts'
import { createLab } from './lab.ts'
import type { SiteSource } from './load-site.ts'

/** The same requests under static-best, in the lab. */
export type Replay = {
  readonly policy: string
  readonly goodput: number
  readonly tenants: readonly { readonly tenant: string; readonly goodput: number | null }[]
}

const replayPolicy = 'static-best'

export async function replayedGoodput(source: SiteSource, seed: number): Promise<Replay> {
  const lab = await createLab(source)
  const run = lab.run(replayPolicy, seed)
  return {
    policy: replayPolicy,
    goodput: headline(run).goodput,
    tenants: run.tenants.map((own) => ({
      tenant: own.tenant,
      goodput: goodputOf(own)?.goodput ?? null,
    })),
  }
}

type Row = {
  readonly tenant: string
  readonly goodput: number | null
  readonly predicted: number | null
  readonly replayed: number | null
  readonly clients: number | null
  readonly own: MeasuredTenant | null
}

const columns: readonly Column<Row>[] = [
  { title: 'tenant', align: 'left', cell: ({ tenant }) => tenant },
  { title: 'Goodput', align: 'right', cell: ({ goodput }) => share(goodput) },
  { title: 'predicted', align: 'right', cell: ({ predicted }) => share(predicted) },
  { title: `lab, ${replayPolicy}`, align: 'right', cell: ({ replayed }) => share(replayed) },
  { title: 'by clients', align: 'right', cell: ({ clients }) => share(clients) },
  column('in SLO', ({ inTime, arrived }) => share(ratio(inTime, arrived))),
  column('accuracy', ({ correct, labelled }) => share(ratio(correct, labelled))),
  column('requests', ({ arrived }) => String(arrived)),
  column('labels', ({ labelled }) => String(labelled)),
  column('shed', ({ shed }) => String(shed)),
  column('late', ({ late }) => String(late)),
  column('failed', ({ failed }) => String(failed)),
]

/** What was measured beside what was promised and what a static layout would have done. */
export function demoLines(result: DemoResult, replay: Replay): readonly string[] {
  const { tenants, reconfigurations, retrainings, deployments, load } = result
  const rows = tenants.map((own): Row => {
    const { tenant, goodput, predictedGoodput: predicted, clientGoodput: clients } = own
    const replayed = replay.tenants.find((other) => other.tenant === tenant)?.goodput ?? null
    return { tenant, goodput, predicted, replayed, clients, own }
  })
  const all: Row = {
    tenant: 'all',
    goodput: headlineOf(tenants, (own) => own.goodput),
    predicted: headlineOf(tenants, (own) => own.predictedGoodput),
    replayed: replay.goodput,
    clients: headlineOf(tenants, (own) => own.clientGoodput),
    own: null,
  }
  const failures = Object.entries(load.failures).map(([what, count]) => `  ${count} x ${what}`)
  return [
    textTable(columns, [...rows, all]),
    '',
    ...result.judged.map(judgedWords),
    '',
    `${reconfigurations} GPU instances created or destroyed, ${retrainings} retrainings, ` +
      `${deployments} versions deployed.`,
    ...(failures.length === 0 ? [] : ['Requests that failed, as clients saw it:', ...failures]),
  ]
}

function column(title: string, cell: (own: MeasuredTenant) => string): Column<Row> {
  return { title, align: 'right', cell: ({ own }) => (own === null ? '' : cell(own)) }
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function share(value: number | null): string {
  return value === null ? '–' : `${(100 * value).toFixed(1)} %`
}

/** 95 %, two-sided; the versions were asked the same, so the true interval is narrower. */
const intervalDeviations = 1.96

function judgedWords(own: JudgedVersion): string {
  const { tenant, version, labels, correctCandidate, correctDeployed } = own
  if (labels === 0) return `${tenant} ${version}: could not be judged`
  const [after, before] = [correctCandidate / labels, correctDeployed / labels]
  const variance = (after * (1 - after) + before * (1 - before)) / labels
  const half = intervalDeviations * Math.sqrt(variance)
  const points = (value: number): string =>
    `${value < 0 ? '−' : '+'}${(100 * Math.abs(value)).toFixed(1)}`
  const gain = after - before
  return (
    `${tenant} ${version}: ${share(after)} right on ${labels} held-out labels, ${share(before)} ` +
    `before: ${points(gain)} points (${points(gain - half)} … ${points(gain + half)})`
  )
}
