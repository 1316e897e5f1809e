import { Command } from 'commander'
import { must } from '../../base/assert.ts'
import type { PlanningProblem } from '../../core/plan/problem.ts'
import { type PlanValue, valueOf } from '../../core/plan/value.ts'
import { planTimeline } from '../../observe/plan-timeline.ts'
import { textTable } from '../../observe/text-table.ts'
import { count, percent } from '../../observe/units.ts'
import { createHighsSolver } from '../../planner/solver/highs.ts'
import { serviceTables } from '../../simulator/service-tables.ts'
import { exitCodes } from '../exit-codes.ts'
import { requireSimulation } from '../lab.ts'
import { loadSite, readSiteSource } from '../load-site.ts'
import { makePolicy, parsePolicyName } from '../make-policy.ts'
import { withOutputOption, withSiteOption } from '../options.ts'
import { type OutputFormat, printResult } from '../output.ts'
import { type PlannedWindow, planWindowOf } from '../plan-window.ts'
import { parseSeed } from '../seeds.ts'
import { UsageError } from '../usage-error.ts'

type Options = {
  readonly file?: string
  readonly policy?: string
  readonly seed: string
  readonly window: string
  readonly output: OutputFormat
}

/** `migrator plan`: one window's plan, its worth and its bound. */
export function planCommand(): Command {
  const command = new Command('plan')
    .description('Plan one window: timeline, objective, bound, gap, what each tenant may expect')
    .option('-p, --policy <name>', "policy that plans (default: the site's)")
    .option('-w, --window <index>', 'window to plan; those before it are simulated first', '0')
    .option('--seed <number>', 'seed of arrivals, truth and labels', '1')
    .addHelpText('after', '\nExample:\n  migrator plan --window 2 -o json')
    .action(plan)
  return withOutputOption(withSiteOption(command))
}

async function plan(options: Options): Promise<void> {
  const source = readSiteSource(options.file)
  const site = loadSite(source)
  requireSimulation(site, source)
  const windows = Math.ceil(must(site.simulation).durationSeconds / site.windowSeconds)
  const window = parseWindow(options.window, windows)
  const seed = parseSeed(options.seed)
  const name = parsePolicyName(options.policy ?? site.policy)
  const [services, solver] = [serviceTables(site), await createHighsSolver()]
  const policy = makePolicy(name, { site, seed, services, solver })
  const planned = planWindowOf({ site, policy, seed, window })
  const value = worthOf(planned)
  printResult(options.output, planJson(planned, value), () => planText(site.name, planned, value))
  if (planned.outcome.status === 'infeasible') process.exitCode = exitCodes.infeasible
}

function parseWindow(text: string, windows: number): number {
  const window = Number(text)
  if (Number.isInteger(window) && window >= 0 && window < windows && text.trim() !== '')
    return window
  throw new UsageError(`Cannot plan window "${text}": accepted are 0 to ${windows - 1}`)
}

/** Null where there is no plan, or where what it is worth is not defined (MPS). */
function worthOf({ problem, outcome }: PlannedWindow): PlanValue | null {
  if (outcome.status === 'infeasible' || outcome.plan.mechanism === 'mps') return null
  return valueOf(problem, outcome.plan)
}

function planJson({ problem, outcome }: PlannedWindow, value: PlanValue | null) {
  const { windowIndex, startSeconds, slotSeconds, slotCount } = problem
  const where = { window: windowIndex, startSeconds, slotSeconds, slotCount }
  if (outcome.status === 'infeasible') {
    const { status, reason } = outcome
    return { status, objective: null, bound: null, gap: null, plan: null, reason, ...where }
  }
  const { status, objective, bound, gap, work } = outcome
  const tenants = value?.tenants ?? null
  return { status, objective, bound, gap, plan: outcome.plan, tenants, work, ...where }
}

function planText(site: string, planned: PlannedWindow, value: PlanValue | null): string {
  const { problem, outcome } = planned
  const slots = `${problem.slotCount} slots of ${problem.slotSeconds} s`
  const when = `window ${problem.windowIndex}: ${slots} from ${problem.startSeconds} s`
  const head = `Site ${site}, ${when}`
  if (outcome.status === 'infeasible') return `${head}\ninfeasible: ${outcome.reason}`
  const proof =
    outcome.bound === null
      ? 'no bound was proven'
      : `bound ${outcome.bound.toFixed(5)}, gap ${percent(outcome.gap ?? 0, 2)}`
  const expected =
    value === null ? '' : `expected Goodput ${percent(windowGoodput(problem, value))}, `
  const worth = `${outcome.status}: ${expected}objective ${outcome.objective.toFixed(5)}, ${proof}`
  const charged =
    "The objective is this window's part of the run's Goodput; " +
    `planning is charged as ${outcome.work.chargedSeconds.toFixed(2)} s.`
  const timeline = planTimeline(problem, outcome.plan)
  const tenants = value === null ? [] : ['', tenantTable(value)]
  return [head, worth, charged, '', timeline, ...tenants].join('\n')
}

/**
 * The weighted mean over the tenants, as in the headline. The objective is this window's part of
 * the run's Goodput, so it is smaller.
 */
function windowGoodput(problem: PlanningProblem, value: PlanValue): number {
  let sum = 0
  let weights = 0
  for (const [index, { goodput }] of value.tenants.entries()) {
    if (goodput === null) continue
    const { weight } = must(problem.tenants[index])
    sum += weight * goodput
    weights += weight
  }
  return weights === 0 ? 0 : sum / weights
}

function tenantTable(value: PlanValue): string {
  const share = (number: number | null) => (number === null ? '–' : percent(number))
  return textTable(
    [
      { title: 'tenant', align: 'left', cell: ({ tenant }) => tenant },
      { title: 'expected Goodput', align: 'right', cell: ({ goodput }) => share(goodput) },
      { title: 'in SLO', align: 'right', cell: ({ sloAttainment }) => share(sloAttainment) },
      { title: 'accuracy', align: 'right', cell: ({ accuracy }) => share(accuracy) },
      { title: 'arrivals', align: 'right', cell: ({ arrivals }) => count(arrivals) },
      { title: 'in time', align: 'right', cell: ({ inTime }) => count(inTime) },
    ],
    value.tenants,
  )
}
