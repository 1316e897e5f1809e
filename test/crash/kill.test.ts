import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { must } from '../../src/base/assert.ts'
import { findGpuModel } from '../../src/core/mig/catalog.ts'
import type { Layout } from '../../src/core/mig/layout.ts'
import { fileStore } from '../../src/devices/simulated/file/file-store.ts'
import { layoutOf } from '../../src/devices/simulated/gpu.ts'
import { disagreements } from '../../src/reconfigure/agreement.ts'
import { type Wanted, wantedOf } from '../../src/reconfigure/change-layout.ts'
import { ledgerOf } from '../../src/reconfigure/ledger.ts'
import { readJournal } from '../../src/runtime/journal/sqlite-journal.ts'
import { layoutNames, maximalLayouts } from '../reconfigure-bench.ts'

/**
 * A real process on a journal and a simulated node in files, killed with SIGKILL right after its
 * n-th entry. MIGRATOR_KILL_PAIRS says for how many pairs of maximal layouts.
 */
const pairs = Number(process.env['MIGRATOR_KILL_PAIRS'] ?? 1)
const root = resolve(import.meta.dirname, '../..')
const model = must(findGpuModel('a100-40gb'))

const script = `
  import { findGpuModel } from './dist/core/mig/catalog.js'
  import { createSimulatedDevice } from './dist/devices/simulated/device.js'
  import { fileStore } from './dist/devices/simulated/file/file-store.js'
  import { openBook } from './dist/reconfigure/book.js'
  import { carryOut, planChange } from './dist/reconfigure/change-layout.js'
  import { usualPatience } from './dist/reconfigure/persist.js'
  import { recover } from './dist/reconfigure/recover.js'
  import { openJournal } from './dist/runtime/journal/sqlite-journal.js'
  const [folder, entry, wanted] = process.argv.slice(1)
  const store = fileStore(folder + '/node.json', [findGpuModel('a100-40gb')])
  const device = createSimulatedDevice({ store, sleep: async () => {} })
  const journal = openJournal(folder + '/journal.db', { now: () => 0 })
  let left = Number(entry)
  const killing = {
    entries: journal.entries,
    append: (own) => {
      journal.append(own)
      left -= 1
      if (left === 0) process.kill(process.pid, 'SIGKILL')
    },
  }
  const sleep = async () => {}
  const context = { device, book: openBook(killing), sleep, patience: usualPatience }
  const [{ uuid }] = await device.gpus()
  await recover(context, [uuid])
  const planned = await planChange(context, [{ gpu: uuid, wanted: JSON.parse(wanted) }])
  await carryOut(context, planned.gpus, { why: 'test' })
  journal.close()
`

const freshFolder = () => mkdtempSync(join(tmpdir(), 'migrator-kill-'))

function run(folder: string, killAfter: number, wanted: readonly Wanted[]): string {
  const words = [
    '--input-type=module',
    '-e',
    script,
    folder,
    `${killAfter}`,
    JSON.stringify(wanted),
  ]
  const { signal, status, stderr } = spawnSync(process.execPath, words, {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return signal ?? `${status}`
}

async function state(folder: string) {
  const node = await fileStore(`${folder}/node.json`, [model]).read()
  const gpu = must(node.gpus[0])
  const ledger = ledgerOf(readJournal(`${folder}/journal.db`))
  return {
    ledger,
    layout: layoutNames(layoutOf(gpu)),
    breaches: disagreements(ledger, gpu.uuid, gpu.instances, []),
  }
}

test('killed after every entry, the next process finds out what is and goes on', async () => {
  const layouts = maximalLayouts(model)
  const fewest = [...layouts].sort((a, b) => a.placed.length - b.placed.length)
  for (let pair = 0; pair < pairs; pair += 1) {
    const from: Layout = must(fewest[(7 * pair) % fewest.length])
    const to: Layout = must(fewest[(11 * pair + 1) % fewest.length])
    const before = freshFolder()
    expect(run(before, 0, wantedOf(from))).toBe('0')
    for (let killAfter = 1; ; killAfter += 1) {
      const folder = freshFolder()
      cpSync(before, folder, { recursive: true })
      const ended = run(folder, killAfter, wantedOf(to))
      const between = await state(folder)
      expect(between.breaches).toEqual([])
      expect(run(folder, 0, wantedOf(to))).toBe('0')
      const { breaches, ledger, layout } = await state(folder)
      expect(breaches).toEqual([])
      expect(ledger).toMatchObject({ open: [], stuck: [] })
      expect(layout).toEqual(layoutNames(to))
      if (ended === '0') break
      expect(ended).toBe('SIGKILL')
    }
  }
})
