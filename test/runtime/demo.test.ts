import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'

/** Two tenants, one window before the measured one, and as little of everything as there can be. */
const site = `version: 1
name: small demo
gpus: [{ model: a100-80gb }]
window: 8s
planner: { coarseSlot: 4s }
slot: 1s
costs: { cutOver: 100ms }
tenants:
${['left', 'right']
  .map(
    (name) => `  - name: ${name}
    model: resnet50
    slo: 2s
    items: 4
    accuracy: easy
    start: { inference: 300ms, retraining: 300ms }
    workers: reference
    retraining: { job: resnet50-cifar, batch: 64, samplesScale: 0.02, configurations: [short] }
`,
  )
  .join('')}
node: { planning: 1s, router: { port: 0 }, control: { port: 0 } }
simulation:
  duration: 8s
  history: 60s
  truthSpread: 0
  tenants:
    left: { arrivals: { generate: constant, rate: 20/s }, drift: { perSecond: 0.01 } }
    right: { arrivals: { generate: constant, rate: 10/s }, drift: { perSecond: 0.01 } }
`

type Measured = {
  readonly tenants: readonly {
    readonly tenant: string
    readonly arrived: number
    readonly inTime: number
    readonly failed: number
    readonly labelled: number
    readonly goodput: number | null
    readonly clientGoodput: number | null
  }[]
  readonly replay: { readonly goodput: number }
  readonly load: Readonly<Record<string, number>>
}

test('a demo serves live, tells what it measured beside the lab, and leaves nothing behind', {
  timeout: 180_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'migrator-demo-test-'))
  try {
    const demo = begin(folder)
    const code = await demo.code
    const told = demo.everything()
    expect(code, told).toBe(0)
    const measured = JSON.parse(demo.out()) as Measured
    expect(told).toContain('All tenants serve')
    expect(measured.load).toEqual({})
    for (const own of measured.tenants) {
      expect(own.arrived, own.tenant).toBeGreaterThan(20)
      expect(own.failed, own.tenant).toBe(0)
      expect(own.labelled, own.tenant).toBeGreaterThan(0)
      expect(Math.abs((own.goodput ?? 0) - (own.clientGoodput ?? 1)), own.tenant).toBeLessThan(0.2)
    }
    expect(measured.replay.goodput).toBeGreaterThan(0.5)
    expect(readdirSync(folder)).toEqual(['site.yaml'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.concurrent.each(['SIGINT', 'SIGTERM'] as const)(
  'a demo that is kept stays up, and ends clean on %s',
  {
    timeout: 180_000,
  },
  async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), 'migrator-demo-test-'))
    const demo = begin(folder, '--keep')
    try {
      const [url = ''] = (await demo.told(/Stays up at (\S+),/)).slice(1)
      expect(JSON.parse(demo.out()).tenants).toHaveLength(2)
      const live = await fetch(new URL('/v2/health/live', url))
      expect(live.status).toBe(200)
      demo.process.kill(signal)
      expect(await demo.code).toBe(0)
      await expect(fetch(new URL('/v2/health/live', url))).rejects.toThrow()
      expect(readdirSync(folder)).toEqual(['site.yaml'])
    } finally {
      demo.process.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test.concurrent('a demo that is broken off ends clean too', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'migrator-demo-test-'))
  const demo = begin(folder)
  try {
    const [url = ''] = (await demo.told(/Router at (\S+);/)).slice(1)
    demo.process.kill('SIGTERM')
    expect(await demo.code).toBe(130)
    expect(demo.out()).toBe('')
    await expect(fetch(new URL('/v2/health/live', url))).rejects.toThrow()
    expect(readdirSync(folder)).toEqual(['site.yaml'])
  } finally {
    demo.process.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Another demo of that site, with everything that it makes in the folder. */
function begin(folder: string, ...options: readonly string[]) {
  writeFileSync(join(folder, 'site.yaml'), site)
  const main = resolve(import.meta.dirname, '../../dist/cli/main.js')
  const args = [main, 'demo', '-f', join(folder, 'site.yaml'), '-o', 'json', ...options]
  const env = { ...process.env, TMPDIR: folder }
  const demo = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, told] = ['', '']
  demo.stdout.on('data', (chunk) => (out += String(chunk)))
  demo.stderr.on('data', (chunk) => (told += String(chunk)))
  const code = new Promise<number | null>((done) => demo.once('close', done))
  let hasEnded = false
  void code.then(() => {
    hasEnded = true
  })
  return {
    process: demo,
    code,
    out: () => out,
    everything: () => told,
    /** The first that it says so, with its groups. */
    told: async (words: RegExp): Promise<readonly string[]> => {
      for (;;) {
        const found = words.exec(told)
        if (found !== null) return found
        if (hasEnded) throw new Error(`It ended without a word of ${words}:\n${told}`)
        await wait(50)
      }
    },
  }
}
