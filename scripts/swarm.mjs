// Runs seeded swarms: `npm run swarm -- --seed N` repeats one, `--runs M` takes M seeds from N on;
// with `--daemon` (after `npm run build`) only those of whole nodes, which take half a minute each.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const options = {
  seed: { type: 'string', default: '1' },
  runs: { type: 'string' },
  daemon: { type: 'boolean', default: false },
}
const { values } = parseArgs({ options })
const isOne = process.argv.includes('--seed')
const runs = values.runs ?? (isOne ? '1' : values.daemon ? '20' : '1000')
const env = {
  ...process.env,
  MIGRATOR_SWARM_SEED: values.seed,
  MIGRATOR_SWARM_RUNS: runs,
  MIGRATOR_DAEMON_SWARM_RUNS: values.daemon ? runs : '1',
}
const which = values.daemon ? 'test/swarm/daemon-swarm.test.ts' : 'test/swarm'
const words = ['node_modules/vitest/vitest.mjs', 'run', which, '--testTimeout', '36000000']
process.exit(spawnSync(process.execPath, words, { env, stdio: 'inherit' }).status ?? 1)
