import { expect, test } from 'vitest'
import { decideRestart } from './restarts.ts'

const policy = {
  firstDelaySeconds: 1,
  factor: 3,
  delaySecondsMax: 20,
  endsMax: 5,
  windowSeconds: 100,
}

test('each pause is longer than the one before, up to a limit, and then it is a crash loop', () => {
  const ends = [10, 20, 30, 40, 50]
  const decisions = ends.map((now, i) => decideRestart(policy, ends.slice(0, i + 1), now))
  expect(decisions).toEqual([
    { kind: 'restart', inSeconds: 1 },
    { kind: 'restart', inSeconds: 3 },
    { kind: 'restart', inSeconds: 9 },
    { kind: 'restart', inSeconds: 20 },
    { kind: 'crash-looping', ends: 5 },
  ])
})

test('ends that lie a window back are forgotten', () => {
  const ends = [10, 20, 30, 40, 131]
  expect(decideRestart(policy, ends, 131)).toEqual({ kind: 'restart', inSeconds: 3 })
})
