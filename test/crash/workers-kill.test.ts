import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { Rng } from '../../src/base/rng.ts'
import { allProcesses, launchVariable } from '../../src/runtime/workers/processes.ts'
import { type Supervised, supervised } from '../supervised.ts'

const module = resolve(import.meta.dirname, '../../dist/runtime/workers/workers.js')
const script = resolve(import.meta.dirname, '../fixtures/workers/supervisor.mjs')
const rounds = 8

/** Workers of that state directory, by pid. */
async function workersOf(own: Supervised): Promise<readonly number[]> {
  const pids = (await allProcesses()).map(({ pid }) => pid)
  return pids.filter((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/environ`, 'utf8')
      return text.includes(own.dir) && text.includes(`${launchVariable}=`)
    } catch {
      return false
    }
  })
}

async function killedAfter(own: Supervised, ms: number): Promise<void> {
  const args = [script, pathToFileURL(module).href, JSON.stringify(own.inference('x')), own.dir]
  const supervisor = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(supervisor.stdout, 'data')
  await wait(ms)
  supervisor.kill('SIGKILL')
  await once(supervisor, 'exit')
}

test('whenever its supervisor is killed, a worker is known to the next one, or gone', async () => {
  expect(existsSync(module), `${module} is missing: run npm run build`).toBe(true)
  const rng = new Rng(1, 'kill')
  let adopted = 0
  for (let round = 0; round < rounds; round += 1) {
    const own = supervised()
    await killedAfter(own, 150 * rng.uniform())
    const living = await workersOf(own)
    await own.workers.adopt()
    const known = own.workers.list().map(({ process }) => process?.pid)
    expect(living.filter((pid) => !known.includes(pid))).toEqual([])
    adopted += living.length
    await own.cleanUp()
    expect(await workersOf(own)).toEqual([])
  }
  expect(adopted).toBeGreaterThan(0)
})
