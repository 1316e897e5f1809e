import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import {
  bootId,
  identityOfChild,
  isAlive,
  launchOf,
  launchVariable,
  parseStat,
  processStat,
  residentMiB,
} from './processes.ts'

const tail = '0 '.repeat(15)

test('a process may be called anything', () => {
  const stat = `42 (a) S 1) R 1 42 42 ${tail}777 1 1`
  expect(parseStat(stat)).toEqual({ pid: 42, group: 42, startTicks: '777' })
})

test('a zombie is no process any more', () => {
  expect(parseStat(`42 (node) Z 1 42 42 ${tail}777`)).toBeNull()
})

test('a process is known by its pid, its start and the boot', async () => {
  const child = spawn('sleep', ['100'], { env: { ...process.env, [launchVariable]: 'x y=z' } })
  const identity = identityOfChild(child.pid ?? 0)
  if (identity === null) throw new Error('no child')
  expect(identity.startTicks).toMatch(/^[1-9]\d+$/)
  expect(isAlive(identity)).toBe(true)
  expect(isAlive({ ...identity, startTicks: '1' })).toBe(false)
  expect(isAlive({ ...identity, bootId: 'another' })).toBe(false)
  expect(identity.bootId).toBe(bootId())
  expect(launchOf(identity.pid)).toBe('x y=z')
  expect(residentMiB([identity.pid])).toBeGreaterThan(0)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isAlive(identity)).toBe(false)
  expect(processStat(identity.pid)).toBeNull()
  expect(launchOf(identity.pid)).toBeNull()
})

test('a launch is found behind an environment of any length', async () => {
  const long = { LONG: 'x'.repeat(100_000), LONGER: 'y'.repeat(100_000) }
  const child = spawn('sleep', ['100'], { env: { ...long, [launchVariable]: 'far back' } })
  expect(launchOf(child.pid ?? 0)).toBe('far back')
  child.kill('SIGKILL')
  await once(child, 'exit')
})
