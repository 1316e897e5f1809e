// One problem in a process of its own, so that its memory is its own: `node measure.mjs NAME CLOCK
// SECONDS MARK...` prints one JSON object with what was known after each mark of seconds. Code is compiled
// first by planning another, small problem, as the runtime's spare planner thread has done.
import { planPath } from '../../dist/planner/path/plan-path.js'
import { worthOf } from './known.mjs'
import { makeProblem } from './make-problem.mjs'
import { problems } from './problems.mjs'

// Reading it takes far longer than reading a clock, so it is read every few milliseconds.
let usage = { readAt: Number.NEGATIVE_INFINITY, seconds: 0 }

const [name, clock, seconds, ...marks] = process.argv.slice(2)
const timings = { marks: marks.map(Number), secondsMax: Number(seconds) }
const spec = problems.find((own) => own.name === name)
const problem = makeProblem(spec)
plan(makeProblem(problems.find((own) => own.name === 'a30-2')), 0.5)
const { plans, bounds, seconds: took, work } = plan(problem, timings.secondsMax)

const first = plans.find(({ objective }) => objective > 0)
const states = [...timings.marks, took].map((mark) => stateAt(mark))
console.log(
  JSON.stringify({
    slots: problem.slotCount,
    firstPlanMs: first === undefined ? null : 1000 * first.seconds,
    seconds: took,
    steps: work.steps,
    final: states.at(-1),
    marks: Object.fromEntries(timings.marks.map((mark, i) => [mark, states[i]])),
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
)

/** Plans until the deadline, and keeps what was found when. */
function plan(asked, secondsMax) {
  const plans = []
  const bounds = []
  const from = secondsNow()
  const elapsed = () => secondsNow() - from
  const outcome = planPath(asked, {
    stepsMax: Number.POSITIVE_INFINITY,
    shouldStop: () => elapsed() >= secondsMax,
    onIncumbent: ({ plan, value: { objective, terminal } }) =>
      plans.push({ seconds: elapsed(), plan, objective, terminal }),
    // On Goodput alone, for plans with the terminal value of the incumbent.
    onBound: (bound) =>
      bounds.push({ seconds: elapsed(), total: bound + (plans.at(-1)?.terminal ?? 0) }),
  })
  return { plans, bounds, seconds: elapsed(), work: outcome.work }
}

/** By the wall, or what this process has used of a processor: for a machine that is shared. */
function secondsNow() {
  if (clock === 'wall') return performance.now() / 1000
  if (performance.now() - usage.readAt < 3) return usage.seconds
  const { user, system } = process.cpuUsage()
  usage = { readAt: performance.now(), seconds: (user + system) / 1e6 }
  return usage.seconds
}

/** The best plan and bound by then; only what the checker calls legal counts as a plan. */
function stateAt(mark) {
  const best = plans.findLast((own) => own.seconds <= mark)
  const worth = best === undefined ? null : worthOf(problem, best.plan)
  const total = bounds.findLast((own) => own.seconds <= mark)?.total ?? null
  if (worth === null) return { objective: null, terminal: null, bound: null, gap: null }
  const { objective, terminal } = worth
  if (total === null) return { objective, terminal, bound: null, gap: null }
  const bound = Math.max(objective, total - terminal)
  return { objective, terminal, bound, gap: objective > 0 ? bound / objective - 1 : null }
}
