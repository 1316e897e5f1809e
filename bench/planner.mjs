// How good the fast planner's plans are, how soon, and what it proves of them: each problem of
// bench/planner/problems.mjs, one after the other, until it is solved to 0.01 % or the seconds are
// over. Compares with bench/planner/best-known.json.
//
//   npm run bench:planner -- [--json] [--seconds 10] [--only NAME,NAME] [--clock cpu]
//
// Runs on dist/. With --json one object goes to stdout: `problems`, a row each, and `summary`, the
// aims and what was reached. Goodput is of the window alone; the gap is (bound - objective) /
// objective. `captured` is what the plan wins over the best static plan, over what the best known
// plan wins; null where that is nothing. Seconds are of the wall clock, so run it on an idle machine;
// on a shared one `--clock cpu` counts the processor time of the planning process instead.
import { execFileSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' },
    only: { type: 'string' },
    clock: { type: 'string', default: 'wall' },
  },
})
const secondsMax = Number(values.seconds)
if (!(secondsMax > 0)) throw new Error(`--seconds ${values.seconds} is not a positive number`)
if (!['wall', 'cpu'].includes(values.clock)) throw new Error(`--clock ${values.clock}: wall or cpu`)
const marks = [1, 3, 5, 10].filter((mark) => mark <= secondsMax)

const { aimsOf } = await import('./planner/aims.mjs')
const { readKnown, standingOf } = await import('./planner/known.mjs')
const { makeProblem } = await import('./planner/make-problem.mjs')
const { problems } = await import('./planner/problems.mjs')
const { stateHash } = await import('../dist/core/plan/state-hash.js')

const wanted = values.only?.split(',') ?? problems.map(({ name }) => name)
const unknown = wanted.filter((name) => !problems.some((own) => own.name === name))
if (unknown.length > 0) throw new Error(`No such problem: ${unknown}`)

const known = readKnown()
const script = fileURLToPath(new URL('planner/measure.mjs', import.meta.url))
const rows = []
console.error(`Load of the machine before the start: ${loadavg()[0].toFixed(1)}`)
for (const spec of problems.filter(({ name }) => wanted.includes(name))) {
  const row = rowOf(spec)
  rows.push(row)
  if (!values.json) console.log(lineOf(row))
}
const summary = aimsOf(rows, secondsMax)
if (values.json)
  console.log(JSON.stringify({ secondsMax, clock: values.clock, problems: rows, summary }, null, 2))
else
  for (const { aim, reached, isMet } of summary) console.log(`${aimMark(isMet)} ${aim}: ${reached}`)

function rowOf(spec) {
  const problem = makeProblem(spec)
  const own = known[spec.name]
  const isCurrent = own?.stateHash === stateHash(problem)
  if (!isCurrent) {
    console.error(`Nothing is known of ${spec.name} as it is now: bench/planner/recompute.mjs`)
  }
  const words = [script, spec.name, values.clock, String(secondsMax), ...marks.map(String)]
  const {
    slots,
    firstPlanMs,
    seconds,
    final,
    marks: at,
    ...rest
  } = JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }))
  const standing = (state) =>
    standingOf(state.objective === null ? null : state, isCurrent ? own : undefined)
  const rated = Object.entries(at).map(([mark, state]) => [mark, { ...state, ...standing(state) }])
  return {
    name: spec.name,
    gpus: problem.gpus.length,
    tenants: problem.tenants.length,
    slots,
    firstPlanMs,
    seconds,
    ...final,
    ...standing(final),
    ...rest,
    marks: Object.fromEntries(rated),
  }
}

function lineOf({
  name,
  firstPlanMs,
  seconds,
  objective,
  gap,
  relativeToBestKnown,
  captured,
  ...row
}) {
  const share = (value) => (value === null ? '-' : `${(100 * value).toFixed(2)} %`)
  return [
    name.padEnd(24),
    `first ${firstPlanMs?.toFixed(0) ?? '-'} ms`.padStart(14),
    `${seconds.toFixed(1)} s`.padStart(7),
    `objective ${objective?.toFixed(4) ?? '-'}`,
    `gap ${share(gap)}`.padStart(12),
    `of best known ${share(relativeToBestKnown)}`.padStart(22),
    `captured ${share(captured)}`.padStart(18),
    `${row.peakRssMiB} MiB`.padStart(9),
  ].join('  ')
}

function aimMark(isMet) {
  return isMet === null ? '?' : isMet ? 'met   ' : 'missed'
}
