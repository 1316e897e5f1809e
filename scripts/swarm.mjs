// Runs seeded swarms: `npm run swarm -- --seed N` repeats one, `--runs M` takes M seeds from N on.
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const options = { seed: { type: 'string', default: '1' }, runs: { type: 'string' } }
const { values } = parseArgs({ options })
const runs = values.runs ?? (process.argv.includes('--seed') ? '1' : '1000')
const env = { ...process.env, MIGRATOR_SWARM_SEED: values.seed, MIGRATOR_SWARM_RUNS: runs }
const words = ['node_modules/vitest/vitest.mjs', 'run', 'test/swarm', '--testTimeout', '3600000']
process.exit(spawnSync(process.execPath, words, { env, stdio: 'inherit' }).status ?? 1)
