import { expect, test } from 'vitest'
import { Rng } from '../../base/rng.ts'
import type { GpuCall } from '../device.ts'
import { drawFaults, type Fault, strike } from './faults.ts'

const fault: Fault = {
  call: 'createGpuInstance',
  gpu: 'any',
  code: 'NVML_ERROR_UNKNOWN',
  after: 0,
  times: 1,
  outcome: 'refused',
}

/** Which of so many equal calls are hit. */
function hits(faults: readonly Fault[], call: GpuCall, calls: number): readonly boolean[] {
  let left = faults
  return Array.from({ length: calls }, () => {
    const struck = strike(left, call, 'GPU-1')
    left = struck.faults
    return struck.hit !== null
  })
}

test('a fault lets calls pass, hits some, and is over', () => {
  const some = { ...fault, after: 2, times: 2 }
  const expected = [false, false, true, true, false]
  expect(hits([some], 'createGpuInstance', 5)).toEqual(expected)
})

test('a sticky fault hits until it is taken away', () => {
  const sticky = { ...fault, times: null }
  expect(hits([sticky], 'createGpuInstance', 4)).toEqual([true, true, true, true])
  expect(hits([], 'createGpuInstance', 1)).toEqual([false])
})

test('a fault hits its own call and its own GPU only', () => {
  expect(hits([fault], 'destroyGpuInstance', 1)).toEqual([false])
  expect(hits([{ ...fault, gpu: 'GPU-2' }], 'createGpuInstance', 1)).toEqual([false])
  expect(hits([{ ...fault, call: 'any' }], 'destroyGpuInstance', 1)).toEqual([true])
})

test('of several faults one hits a call, and those behind it wait', () => {
  const second = { ...fault, code: 'NVML_ERROR_TIMEOUT' } as const
  const { faults, hit } = strike([fault, second], 'createGpuInstance', 'GPU-1')
  expect(hit).toEqual(fault)
  expect(faults).toEqual([second])
})

test('equal seeds draw equal faults, and some of them are sticky', () => {
  const draw = (seed: number) => drawFaults(new Rng(seed), { count: 200, calls: 50 })
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
  expect(draw(7).some(({ times }) => times !== null && times > 4)).toBe(true)
  expect(draw(7).some(({ outcome }) => outcome === 'done')).toBe(true)
})
