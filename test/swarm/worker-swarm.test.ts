import { expect, test } from 'vitest'
import { workerSwarm } from './worker-swarm.ts'

/** One run takes as long as fifty of the other swarms, so it has as many fewer. */
const first = Number(process.env['MIGRATOR_SWARM_SEED'] ?? 1)
const runs = Math.ceil(Number(process.env['MIGRATOR_SWARM_RUNS'] ?? 50) / 50)

test(`seeds ${first} to ${first + runs - 1}: every worker ends once, and nothing is left`, async () => {
  for (let seed = first; seed < first + runs; seed += 1) {
    const { breaches, log } = await workerSwarm(seed)
    expect(breaches, `npm run swarm -- --seed ${seed}\n${log.join('\n')}`).toEqual([])
  }
})
