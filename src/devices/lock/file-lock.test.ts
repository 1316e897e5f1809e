import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { lockWithin, signatureOf, signLock, tryLock } from './file-lock.ts'

const fresh = () => join(mkdtempSync(join(tmpdir(), 'migrator-lock-')), 'lock')

function isFree(path: string): boolean {
  const lock = tryLock(path)
  lock?.release()
  return lock !== null
}

test('one holds the lock at a time, and whoever waits gets it after a release', async () => {
  const path = fresh()
  const first = tryLock(path)
  expect(first).not.toBeNull()
  expect(tryLock(path)).toBeNull()
  expect(await lockWithin(path, 0.02)).toBeNull()
  const waiting = lockWithin(path, 5)
  first?.release()
  const second = await waiting
  expect(second).not.toBeNull()
  second?.release()
})

test('the lock of a process that was killed is free again', async () => {
  const path = fresh()
  const arguments_ = ['--exclusive', '--no-fork', path, 'sleep', '60']
  const holder = spawn('flock', arguments_, { stdio: 'ignore' })
  while (isFree(path)) await wait(10)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  expect(isFree(path)).toBe(true)
})

test('the holder can sign the lock so that others can say who it is', () => {
  const path = fresh()
  const lock = tryLock(path)
  expect(signatureOf(path)).toBeNull()
  signLock(path)
  expect(signatureOf(path)).toBe(process.pid)
  lock?.release()
})
