import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { factsFile, openVersionStore, type VersionStore } from './version-store.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrator-versions-'))
  mkdirSync(join(folder, 'first'))
  writeFileSync(join(folder, 'first', 'model.bin'), 'weights')
})
afterEach(() => rmSync(folder, { recursive: true }))

function open(kept = 3): VersionStore {
  const [first, versions] = [join(folder, 'first'), join(folder, 'versions')]
  return openVersionStore({ folder: versions, first, kept })
}

function takeIn(store: VersionStore, versionId: string): void {
  const made = join(folder, `made-${versionId}`)
  mkdirSync(made)
  store.takeIn(versionId, made, { labelledUntilSeconds: 10 })
}

test('the first version is the deployed one, with what its maker says of it', () => {
  const heldOut = { labelled: 100, correct: 93 }
  const facts = { labelledUntilSeconds: -5, heldOut }
  writeFileSync(join(folder, 'first', factsFile), JSON.stringify(facts))
  const { versionId, versionLabelledUntilSeconds, heldOut: found } = open().deployed()
  expect([versionId, versionLabelledUntilSeconds, found]).toEqual(['initial', -5, heldOut])
})

test('which version is deployed survives the program', () => {
  const store = open()
  takeIn(store, 'v1')
  expect(store.deployed().versionId).toBe('initial')
  store.deploy('v1', { labelled: 50, correct: 45 })
  expect(open().deployed()).toMatchObject({ versionId: 'v1', standing: 'good' })
})

test('a rejected version goes, and the last good ones are kept', () => {
  const store = open(2)
  takeIn(store, 'v1')
  store.reject('v1')
  expect(existsSync(store.dirOf('v1'))).toBe(false)
  for (const id of ['v2', 'v3']) {
    takeIn(store, id)
    store.deploy(id, null)
  }
  expect(existsSync(store.dirOf('initial'))).toBe(false)
  expect(existsSync(store.dirOf('v2'))).toBe(true)
})

test('a version that measures worse gives way to the one before, and the first to none', () => {
  const store = open()
  expect(store.rollBack()).toBeNull()
  takeIn(store, 'v1')
  store.deploy('v1', null)
  expect(store.rollBack()?.versionId).toBe('initial')
  expect(store.deployed().versionId).toBe('initial')
})
