import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { serverBehaviours, trainerBehaviours, workerSwarm } from './worker-swarm.ts'

/** One run takes as long as fifty of the other swarms, so it has as many fewer. */
const first = Number(process.env['MIGRATOR_SWARM_SEED'] ?? 1)
const runs = Math.ceil(Number(process.env['MIGRATOR_SWARM_RUNS'] ?? 50) / 50)

test(`seeds ${first} to ${first + runs - 1}: every worker ends once, and nothing is left`, async () => {
  for (let seed = first; seed < first + runs; seed += 1) {
    const { breaches, log } = await workerSwarm(seed)
    expect(breaches, `npm run swarm -- --seed ${seed}\n${log.join('\n')}`).toEqual([])
  }
})

const root = resolve(import.meta.dirname, '../..')
const tests = ['misbehaving-workers', 'workers']
  .map((name) => readFileSync(join(root, `src/runtime/workers/${name}.test.ts`), 'utf8'))
  .join()

/** Every way in which a fixture can misbehave. */
function waysOf(fixture: string): readonly string[] {
  const source = readFileSync(join(root, 'test/fixtures/workers', fixture), 'utf8')
  const found = [...source.matchAll(/behaviours\.has\('([a-z-]+)'\)/g)].map(([, way]) => way)
  return [...new Set(found)].map(String)
}

test.each([
  ['server.mjs', serverBehaviours],
  ['trainer.mjs', trainerBehaviours],
] as const)(
  'each way in which %s misbehaves has a test of its own, and is in the swarm',
  (fixture, swarm) => {
    const ways = waysOf(fixture)
    expect(ways.length).toBeGreaterThan(5)
    expect(ways.filter((way) => !swarm.flat().includes(way))).toEqual([])
    expect(ways.filter((way) => !tests.includes(`'${way}'`))).toEqual([])
  },
)
