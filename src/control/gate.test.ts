import { expect, test } from 'vitest'
import { passesGate } from './gate.ts'

test('a version passes the gate only if it got more of the same labels right', () => {
  expect(passesGate({ labels: 100, correctCandidate: 81, correctDeployed: 80 })).toBe(true)
  expect(passesGate({ labels: 100, correctCandidate: 80, correctDeployed: 80 })).toBe(false)
  expect(passesGate({ labels: 0, correctCandidate: 0, correctDeployed: 0 })).toBe(false)
})

test('counts that cannot be are bugs', () => {
  expect(() => passesGate({ labels: 1, correctCandidate: 2, correctDeployed: 0 })).toThrow()
})
