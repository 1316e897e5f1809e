import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { Rng } from '../../src/base/rng.ts'
import { openInferenceClient } from '../../src/runtime/open-inference/client.ts'
import type { InferRequest } from '../../src/runtime/open-inference/protocol.ts'
import { type Supervised, supervised } from '../supervised.ts'

const example = resolve(import.meta.dirname, '../../examples/pytorch')
const sources = readdirSync(example).filter((name) => name.endsWith('.py'))
/** A Python with PyTorch; the example runs on its GPU where it has one. */
const python = process.env['MIGRATOR_TORCH_PYTHON']

const open: Supervised[] = []
afterEach(async () => {
  for (const own of open.splice(0)) await own.cleanUp()
})

test.skipIf(!hasPython())('the example is Python', () => {
  const parse = 'import ast, sys; [ast.parse(open(path).read(), path) for path in sys.argv[1:]]'
  expect(sources).toContain('server.py')
  execFileSync('python3', ['-c', parse, ...sources.map((name) => join(example, name))])
})

test.skipIf(python === undefined)(
  'the example serves, retrains and takes its version',
  async () => {
    const own = supervised({ graceSeconds: 20, livenessAnswerSecondsMax: 10, doneGraceSeconds: 20 })
    open.push(own)
    const first = join(own.dir, 'versions/first')
    mkdirSync(join(own.dir, 'versions'))
    execFileSync(must(python), ['-B', join(example, 'first_version.py'), first])
    const device = process.env['CUDA_VISIBLE_DEVICES'] ?? ''
    const environment = {
      OMP_NUM_THREADS: process.env['OMP_NUM_THREADS'] ?? '2',
      PYTHONDONTWRITEBYTECODE: '1',
    }
    const command = (name: string) => [must(python), join(example, name)] as const
    const server = { ...own.inference('a'), device, environment, command: command('server.py') }
    await own.workers.startInference({ ...server, readySecondsMax: 120 })
    const client = openInferenceClient((await own.event('ready')).url)
    const before = await accuracyOf(client)

    const trainer = { device, environment, command: command('trainer.py') }
    const retraining = { ...own.retraining('t', []), ...trainer }
    writeFileSync(join(retraining.dataDir, 'train.jsonl'), labelledLines(400))
    await own.workers.startRetraining({ ...retraining, configurationId: 'short' })
    await own.event('progress', 1)
    await own.workers.stop('t', { graceSeconds: 20 })
    const { fraction } = await own.event('checkpointed')
    expect(fraction).toBeLessThan(1)
    await own.workers.startRetraining({ ...retraining, configurationId: 'short' })
    const { version, versionDir } = await own.event('done')
    const under = Promise.all(Array.from({ length: 20 }, () => accuracyOf(client)))
    expect(await own.workers.load('a', versionDir)).toEqual({ kind: 'loaded' })
    await under
    expect(await client.modelMetadata('vision', { secondsMax: 5 })).toMatchObject({
      value: { versions: [version] },
    })
    expect(await accuracyOf(client)).toBeGreaterThan(before + 0.3)
    await client.close()
    expect(await own.workers.stop('a', { graceSeconds: 20 })).toMatchObject({ wasKilled: false })
  },
)

/** Images whose class is told by which of ten stripes is bright: easily learned. */
function image(rng: Rng): { readonly data: readonly number[]; readonly label: number } {
  const label = rng.integer(10)
  const data = Array.from({ length: 3 * 32 * 32 }, (_, i) => {
    const row = Math.floor(i / 32) % 32
    const isBright = Math.floor(row / 3) === label
    return Math.round(1000 * ((isBright ? 1 : 0) + 0.2 * rng.normal())) / 1000
  })
  return { data, label }
}

function requestOf(data: readonly number[]): InferRequest {
  return { inputs: [{ name: 'images', shape: [1, 3, 32, 32], datatype: 'FP32', data }] }
}

function labelledLines(count: number): string {
  const rng = new Rng(1, 'labelled')
  const lines = Array.from({ length: count }, () => {
    const { data, label } = image(rng)
    return `${JSON.stringify({ label, version: 'v', atSeconds: 0, request: requestOf(data) })}\n`
  })
  return lines.join('')
}

async function accuracyOf(client: ReturnType<typeof openInferenceClient>): Promise<number> {
  const rng = new Rng(2, 'asked')
  const images = Array.from({ length: 40 }, () => image(rng))
  const right = await Promise.all(
    images.map(async ({ data, label }) => {
      const answer = await client.infer('vision', requestOf(data), { secondsMax: 60 })
      expect(answer.kind).toBe('ok')
      return answer.kind === 'ok' && answer.value.outputs[0]?.data[0] === label
    }),
  )
  return right.filter(Boolean).length / images.length
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
