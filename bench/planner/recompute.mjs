// Looks for better plans and bounds than best-known.json has, with long budgets, and writes down what
// it finds after each problem, so that it can be stopped and started again at any time:
//
//   npm run build && node bench/planner/recompute.mjs [--seconds 60] [--only NAME,NAME] [--path]
//
// Of an entry whose problem has changed nothing is kept. Plans come from the fast planner and from
// the coarse integer program with its refinement; all are checked by core/plan/check. The bound is
// the least that either proved. `--seconds` is each problem's limit for the fast planner, in seconds
// of a processor; with `--path` it is the only one that is asked.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { stateHash } from '../../dist/core/plan/state-hash.js'
import { planPath } from '../../dist/planner/path/plan-path.js'
import { planWindow } from '../../dist/planner/plan-window.js'
import { createHighsSolver } from '../../dist/planner/solver/highs.js'
import { better, knownFile, readKnown, referencesOf, worthOf } from './known.mjs'
import { makeProblem } from './make-problem.mjs'
import { problems } from './problems.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    path: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const wanted = values.only?.split(',') ?? problems.map(({ name }) => name)
const solver = await createHighsSolver()
const noBound = { bound: null, total: Number.POSITIVE_INFINITY }

const about = [
  'Written by recompute.mjs. Of each problem: the hash of the problem; Goodput in the window of the',
  'best plan known (objective), of the best plan that never changes the layout (bestStatic: by',
  'enumeration, on several GPUs by local search) and of the plan that changes nothing (keepLayout;',
  'null where that is not legal), with the terminal value of each; the least bound proven on the',
  'Goodput of plans with the terminal value of the best; who found plan and bound, after how many',
  'processor seconds of planning in all. Budgets so far were short: longer runs find better ones.',
].join(' ')

const known = { ...readKnown() }
for (const spec of problems.filter(({ name }) => wanted.includes(name))) {
  const problem = makeProblem(spec)
  const before = known[spec.name]
  const isCurrent = before?.stateHash === stateHash(problem)
  known[spec.name] = improved(problem, isCurrent ? before : null)
  write()
  console.log(`${spec.name}: ${lineOf(known[spec.name])}`)
}

function improved(problem, before) {
  const found = [byPath(problem), ...(values.path ? [] : [byProgram(problem)])]
  const seconds = found.reduce((sum, own) => sum + own.seconds, before?.found.seconds ?? 0)
  if (before !== null) found.unshift(earlier(before))
  const { keepLayout, bestStatic } = referencesOf(problem)
  found.push({ plan: 'best static plan', worth: bestStatic, total: null })
  const plan = found.reduce((a, b) => (better(a.worth, b.worth) === a.worth ? a : b))
  const bound = found.reduce((a, b) => (b.total === null || b.total >= a.total ? a : b), noBound)
  const { objective, terminal } = plan.worth
  return {
    stateHash: stateHash(problem),
    objective,
    bound: bound === noBound ? null : Math.max(objective, bound.total - terminal),
    bestStatic: bestStatic?.objective ?? null,
    keepLayout: keepLayout?.objective ?? null,
    terminal: {
      objective: terminal,
      bestStatic: bestStatic?.terminal ?? null,
      keepLayout: keepLayout?.terminal ?? null,
    },
    found: { plan: plan.plan, bound: bound.bound, seconds: Math.round(seconds) },
  }
}

function earlier({ objective, bound, terminal, found }) {
  const worth = { objective, terminal: terminal.objective }
  const total = bound === null ? null : bound + worth.terminal
  return { ...found, worth, total }
}

/** The fast planner, until the deadline or a gap of 0.001 %. */
function byPath(problem) {
  const from = secondsNow()
  const isOver = () => secondsNow() - from > seconds
  const stepsMax = Number.POSITIVE_INFINITY
  const outcome = planPath(problem, { stepsMax, shouldStop: isOver, gapTarget: 1e-5 })
  return reportOf(problem, outcome, { by: 'path planner', from })
}

/** The coarse integer program, with more work than any policy may spend. */
function byProgram(problem) {
  const from = secondsNow()
  const outcome = planWindow(problem, solver, {
    policy: 'migrator',
    coarseSlotSeconds: 10,
    gapTarget: 0.001,
    workMax: 8_000 * seconds,
    refineStepsMax: 4_000 * seconds,
  })
  return reportOf(problem, outcome, { by: 'coarse integer program', from })
}

function reportOf(problem, outcome, { by, from }) {
  const spent = secondsNow() - from
  if (outcome.status === 'infeasible') {
    return { plan: by, bound: by, worth: null, total: null, seconds: spent }
  }
  const worth = worthOf(problem, outcome.plan)
  const { terminal } = worth ?? { terminal: 0 }
  const total = outcome.bound === null || worth === null ? null : outcome.bound + terminal
  return { plan: by, bound: by, worth, total, seconds: spent }
}

/** Of the processor. */
function secondsNow() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function write() {
  const order = problems.map(({ name }) => name).filter((name) => known[name] !== undefined)
  const entries = Object.fromEntries(order.map((name) => [name, known[name]]))
  writeFileSync(knownFile, `${JSON.stringify({ about, problems: entries }, null, 2)}\n`)
}

function lineOf({ objective, bound, bestStatic, terminal, found }) {
  const gap = bound === null ? '-' : `${(100 * (bound / objective - 1)).toFixed(2)} %`
  const lead = objective + terminal.objective - bestStatic - terminal.bestStatic
  const over = `${((100 * lead) / objective).toFixed(1)} % over the best static plan`
  return `${objective.toFixed(5)}, gap ${gap}, ${over}, by the ${found.plan}, ${found.seconds} s`
}
