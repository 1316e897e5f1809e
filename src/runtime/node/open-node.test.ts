import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { must } from '../../base/assert.ts'
import { carryOut, planChange } from '../../reconfigure/change-layout.ts'
import { parseDeviceSpec } from './open-device.ts'
import { examine, lookAtNode, openNode } from './open-node.ts'

const folder = () => mkdtempSync(join(tmpdir(), 'migrator-node-'))

function spec(text: string) {
  const parsed = parseDeviceSpec(text)
  if (parsed.kind !== 'parsed') throw new Error(parsed.what)
  return parsed.spec
}

test.each([
  ['nvml', { kind: 'nvml', library: null }],
  ['nvml:/opt/lib:x.so', { kind: 'nvml', library: '/opt/lib:x.so' }],
])('%s is a device', (text, expected) => {
  expect(parseDeviceSpec(text)).toEqual({ kind: 'parsed', spec: expected })
})

test('simulated GPUs are named by model and count', () => {
  const parsed = spec('simulated:2xa30,h100-80gb')
  const ids = parsed.kind === 'simulated' ? parsed.models.map(({ id }) => id) : []
  expect(ids).toEqual(['a30', 'a30', 'h100-80gb'])
})

test.each([
  '',
  'cuda',
  'simulated',
  'simulated:',
  'simulated:a99',
  'simulated:0xa30',
  'simulated:99xa30',
])('"%s" is refused with what is accepted', (text) => {
  const parsed = parseDeviceSpec(text)
  expect(parsed.kind).toBe('malformed')
})

test('what one program made on simulated GPUs the next knows as its own', async () => {
  const [place, device] = [folder(), spec('simulated:a30')]
  const wanted = [{ profileId: 14, placement: { start: 3, size: 1 } }]
  const first = await openNode(device, place)
  const gpu = must((await first.context.device.gpus())[0]).uuid
  const planned = await planChange(first.context, [{ gpu, wanted }])
  if (planned.kind !== 'planned') throw new Error('refused')
  await carryOut(first.context, planned.gpus, { why: 'test' })
  const seen = await lookAtNode(device, place)
  expect(seen.context.book.ledger().owned).toHaveLength(1)
  expect(await seen.context.device.gpuInstances(gpu)).toHaveLength(1)
  await first.close()
  const second = await openNode(device, place)
  expect(second.recovery).toMatchObject({ finished: [], undone: [], missing: [] })
  expect(second.context.book.ledger().owned).toMatchObject(wanted)
  await second.close()
})

test('a second program on the same node is refused', async () => {
  const [place, device] = [folder(), spec('simulated:a30')]
  const first = await openNode(device, place)
  await expect(openNode(device, place)).rejects.toThrow(/has it open \(JOURNAL_LOCKED\)/)
  await first.close()
  await (await openNode(device, place)).close()
})

test('a simulated node is examined like a real one', async () => {
  const checks = await examine(spec('simulated:a100-80gb'), folder())
  expect(checks.every(({ status }) => status === 'ok')).toBe(true)
})
