// How many requests a second the lab simulates on one core, and in how much memory: the default
// site, one seed after the other, until at least --requests requests were routed one by one, with
// the policy's planning, the executor and the forecasts in the loop. Planning is timed apart (a
// policy's solver is not the simulator), as is one run before, in which everything is compiled.
//
//   npm run bench:simulator -- [--json] [--requests 20000000] [--policy migrator]
//
// Runs on dist/. The figures go to stdout, what they were measured on to stderr.
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    requests: { type: 'string', default: '20000000' },
    policy: { type: 'string', default: 'migrator' },
  },
})
const requestsMin = Number(values.requests)
if (!(requestsMin > 0)) throw new Error(`--requests ${values.requests} is not a positive number`)

const { createLab } = await import('../dist/cli/lab.js')
const { readSiteSource } = await import('../dist/cli/load-site.js')

// V8 lets the garbage of finished runs stand as long as memory is plenty. Collected before each run,
// the peak is what a run needs.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const lab = await createLab(readSiteSource(undefined))
lab.run(values.policy, 0)

const total = { requests: 0, simulateSeconds: 0, planSeconds: 0, reconfigurations: 0, runs: 0 }
let instancesMin = Number.POSITIVE_INFINITY
while (total.requests < requestsMin) {
  total.runs += 1
  collectGarbage()
  const result = lab.run(values.policy, total.runs)
  total.requests += result.tenants.reduce((sum, { arrived }) => sum + arrived, 0)
  total.simulateSeconds += result.timings.simulateSeconds
  total.planSeconds += result.timings.planSeconds
  total.reconfigurations += result.reconfigurations
  instancesMin = Math.min(instancesMin, mostAtOnce(result.timeline))
}

const figures = {
  requestsPerSecond: Math.round(total.requests / total.simulateSeconds),
  requests: total.requests,
  // Linux counts it in KiB.
  peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
}
console.error(
  `${total.runs} runs of policy ${values.policy} on the default site: ${total.reconfigurations} ` +
    `reconfigurations, at least ${instancesMin} GPU instances at once in each; simulated in ` +
    `${total.simulateSeconds.toFixed(1)} s, planned in ${total.planSeconds.toFixed(1)} s`,
)
if (values.json) console.log(JSON.stringify(figures))
else {
  const millions = (figures.requestsPerSecond / 1e6).toFixed(2)
  console.log(
    `${figures.requests} requests, ${millions} million a second, ${figures.peakRssMiB} MiB`,
  )
}

/** The most instances that served or trained at one moment. */
function mostAtOnce(timeline) {
  const working = timeline.filter(({ phase }) => phase === 'serving' || phase === 'retraining')
  const changes = working.flatMap(({ fromSeconds, untilSeconds }) => [
    { at: fromSeconds, by: 1 },
    { at: untilSeconds, by: -1 },
  ])
  changes.sort((a, b) => a.at - b.at || a.by - b.by)
  let now = 0
  let most = 0
  for (const { by } of changes) {
    now += by
    most = Math.max(most, now)
  }
  return most
}
