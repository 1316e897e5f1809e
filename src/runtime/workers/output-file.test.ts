import { appendFileSync, mkdtempSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createOutput, followOutput } from './output-file.ts'

const fresh = () => join(mkdtempSync(join(tmpdir(), 'migrator-output-')), 'stdout.log')

async function opened(bytesMax: number) {
  const path = fresh()
  const writer = await createOutput(path)
  const follower = await followOutput(path, bytesMax)
  let heard = ''
  const poll = () =>
    follower.poll((bytes) => {
      heard += Buffer.from(bytes).toString()
    })
  return { path, writer, follower, poll, heard: () => heard }
}

test('all that is written is handed over once, and its writer goes on after a cut', async () => {
  const { path, writer, follower, poll, heard } = await opened(100)
  let written = ''
  for (let i = 0; i < 50; i += 1) {
    const line = `line ${i} ${'x'.repeat(i)}\n`
    written += line
    await writer.write(line)
    const isCut = await poll()
    expect(statSync(path).size).toBeLessThanOrEqual(isCut ? 0 : 100)
  }
  expect(heard()).toBe(written)
  expect(written.endsWith(readFileSync(`${path}.old`, 'utf8') + readFileSync(path, 'utf8'))).toBe(
    true,
  )
  await Promise.all([writer.close(), follower.close()])
})

test('a file that another cut is followed from its new beginning', async () => {
  const { path, writer, follower, poll, heard } = await opened(1000)
  await writer.write('before\n')
  await poll()
  truncateSync(path)
  await writer.write('new\n')
  await poll()
  expect(heard()).toBe('before\nnew\n')
  await Promise.all([writer.close(), follower.close()])
})

test('a writer that is faster than its reader is read up to the bound, and cut', async () => {
  const { path, writer, follower, poll, heard } = await opened(1000)
  appendFileSync(path, 'x'.repeat(500_000))
  expect(await poll()).toBe(true)
  expect(heard().length).toBeLessThanOrEqual(1000 + 64 * 1024)
  expect(statSync(path).size).toBe(0)
  await Promise.all([writer.close(), follower.close()])
})

test('of a flood the end is handed over: a trainer says last that it is done', async () => {
  const { path, writer, follower, poll, heard } = await opened(1000)
  appendFileSync(path, `${'x'.repeat(500_000)}\ndone\n`)
  expect(await poll()).toBe(true)
  expect(heard().endsWith('\ndone\n')).toBe(true)
  await Promise.all([writer.close(), follower.close()])
})

test('a new start keeps what the last one wrote beside its own file', async () => {
  const path = fresh()
  for (const text of ['first', 'second']) {
    const writer = await createOutput(path)
    await writer.write(text)
    await writer.close()
  }
  expect([readFileSync(path, 'utf8'), readFileSync(`${path}.old`, 'utf8')]).toEqual([
    'second',
    'first',
  ])
})
