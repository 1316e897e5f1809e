// Whether planning leaks: random problems one after the other in one process, each planned by the fast
// planner and every tenth by the integer program too, with the resident memory after the first hundred
// and at the end.
//
//   npm run build && node bench/planner-soak.mjs [--problems 1000] [--seed 1] [--steps 1000000] [--thread]
//
// With --thread the fast planner plans in the planner thread, as a node's daemon has it.
//
// Prints one JSON object. Every plan is checked; garbage is collected before memory is read, so that
// what is compared is what is held. Exit code 1 if the end is over 1.2 times the first reading.
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Rng } from '../dist/base/rng.js'
import { planPath } from '../dist/planner/path/plan-path.js'
import { planWindow } from '../dist/planner/plan-window.js'
import { createHighsSolver } from '../dist/planner/solver/highs.js'
import { createPlannerThread } from '../dist/runtime/planner-thread.js'
import { worthOf } from './planner/known.mjs'
import { makeProblem } from './planner/make-problem.mjs'
import { randomSpec } from './planner/random-spec.mjs'

const { values } = parseArgs({
  options: {
    problems: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '1000000' },
    thread: { type: 'boolean', default: false },
  },
})
const count = Number(values.problems)
const firstReading = Math.min(100, count)
const growthMax = 1.2
const programSettings = {
  policy: 'migrator',
  coarseSlotSeconds: 20,
  gapTarget: 0.05,
  workMax: 2000,
  refineStepsMax: 200,
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')
const solver = await createHighsSolver()
const thread = values.thread ? createPlannerThread() : null
const rng = new Rng(Number(values.seed), 'planner soak')
const outcomes = { optimal: 0, feasible: 0, infeasible: 0, illegal: 0, notDone: 0 }
const rssMiB = {}
const from = performance.now()
for (let i = 1; i <= count; i += 1) {
  const problem = makeProblem(randomSpec(rng.split(`problem ${i}`)))
  note(problem, await planned(problem))
  if (i % 10 === 0) note(problem, planWindow(problem, solver, programSettings))
  if (i === firstReading || i === count || i % 100 === 0) rssMiB[i] = residentMiB()
}
await thread?.close()
const growth = rssMiB[count] / rssMiB[firstReading]
console.log(
  JSON.stringify({
    problems: count,
    seconds: Math.round((performance.now() - from) / 1000),
    ...outcomes,
    rssMiBAfterFirst: rssMiB[firstReading],
    rssMiBAtEnd: rssMiB[count],
    growth,
    isWithin: growth <= growthMax,
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    rssMiB,
  }),
)
if (growth > growthMax || outcomes.illegal + outcomes.notDone > 0) process.exitCode = 1

async function planned(problem) {
  const stepsMax = Number(values.steps)
  if (thread === null) return planPath(problem, { stepsMax })
  const { outcome, ended } = await thread.plan(problem, { secondsMax: 60, stepsMax })
  if (ended !== 'done') outcomes.notDone += 1
  return outcome
}

function note(problem, outcome) {
  outcomes[outcome.status] += 1
  const hasPlan = outcome.status !== 'infeasible'
  if (hasPlan && worthOf(problem, outcome.plan) === null) outcomes.illegal += 1
}

function residentMiB() {
  collectGarbage()
  return Math.round(process.memoryUsage.rss() / 2 ** 20)
}
