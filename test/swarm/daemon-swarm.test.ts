import { expect, test } from 'vitest'
import { daemonSwarm } from './daemon-swarm.ts'

/** One run takes as long as a thousand of the first swarm: more than one when asked for alone. */
const first = Number(process.env['MIGRATOR_SWARM_SEED'] ?? 1)
const runs = Number(process.env['MIGRATOR_DAEMON_SWARM_RUNS'] ?? 1)

test(`seeds ${first} to ${first + runs - 1}: a node under fire answers, and ends clean`, {
  timeout: runs * 300_000,
}, async () => {
  for (let seed = first; seed < first + runs; seed += 1) {
    const { breaches, log } = await daemonSwarm(seed)
    expect(breaches, `npm run swarm -- --daemon --seed ${seed}\n${log.join('\n')}`).toEqual([])
  }
})
