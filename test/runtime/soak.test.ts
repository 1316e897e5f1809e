import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

type Figures = {
  readonly switches: number
  readonly handOvers: number
  readonly versionSwitches: number
  readonly requestsInFlightAtSwitchMin: number
  readonly requests: number
  readonly answered: number
  readonly failed: number
  readonly failedAtRouter: number
  readonly crashes: number
  readonly workersFailed: number
  readonly instancesCreated: number
  readonly instancesDestroyed: number
  readonly failures: Readonly<Record<string, number>>
}

/** What `npm run soak` does ten thousand times. */
test('fifty cut-overs and some crashes under load lose no request and leave nothing behind', {
  timeout: 180_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'migrator-soak-test-'))
  try {
    const script = resolve(import.meta.dirname, '../../bench/soak.mjs')
    // A rate that a busy machine carries too.
    const args = [script, '--switches', '50', '--rps', '80', '--crash-every', '20', '--json']
    const env = { ...process.env, TMPDIR: folder }
    const soak = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, told] = ['', '']
    soak.stdout.on('data', (chunk) => (out += String(chunk)))
    soak.stderr.on('data', (chunk) => (told += String(chunk)))
    const code = await new Promise((done) => soak.once('close', done))
    expect(code, told).toBe(0)
    const figures = JSON.parse(out) as Figures
    expect(figures.switches).toBeGreaterThanOrEqual(50)
    expect(figures.handOvers).toBeGreaterThan(10)
    expect(figures.versionSwitches).toBeGreaterThan(10)
    expect(figures.requestsInFlightAtSwitchMin).toBeGreaterThan(0)
    expect(figures.requests).toBeGreaterThan(100)
    expect(figures.failures).toEqual({})
    expect(figures).toMatchObject({ failed: 0, failedAtRouter: 0 })
    expect(figures.crashes).toBeGreaterThan(0)
    expect(figures.workersFailed).toBeGreaterThanOrEqual(figures.crashes)
    expect(figures.answered).toBe(figures.requests)
    expect(figures.instancesCreated).toBeGreaterThan(figures.handOvers)
    expect(figures.instancesDestroyed).toBeGreaterThan(0)
    expect(readdirSync(folder)).toEqual([])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
