import { expect, test } from 'vitest'
import { swarm } from './reconfigure-swarm.ts'

/** MIGRATOR_SWARM_SEED repeats one run, MIGRATOR_SWARM_RUNS says how many, from that seed on. */
const first = Number(process.env['MIGRATOR_SWARM_SEED'] ?? 1)
const runs = Number(process.env['MIGRATOR_SWARM_RUNS'] ?? 150)

test(`seeds ${first} to ${first + runs - 1}: no rule breaks, and calm ends in agreement`, async () => {
  for (let seed = first; seed < first + runs; seed += 1) {
    const { breaches, log } = await swarm(seed)
    const how = `npm run swarm -- --seed ${seed}\n${log.join('\n')}`
    expect(breaches, how).toEqual([])
  }
})
