import { expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import { backTest } from './back-test.ts'
import {
  advanceDeviation,
  type DeviationAlarm,
  type DeviationTest,
  startDeviation,
} from './deviation.ts'
import { deviationLimit } from './deviation-limit.ts'
import { lastWindow } from './last-window.ts'

const windowSeconds = 200
const calibration = { relativeChangeMin: 0.15, windowSeconds, falseAlarmShare: 0.1 }

type Load = (second: number, rng: Rng) => number

/** Counts with variance `dispersion` times the mean. */
function load(rps: number, dispersion: number): Load {
  const scale = dispersion - 1
  return (_, rng) => rng.poisson(scale > 0 ? scale * rng.gamma(rps / scale) : rps)
}

function testFor(rps: number, dispersion: number, seed: number): DeviationTest {
  const rng = new Rng(seed, 'history')
  const draw = load(rps, dispersion)
  const history = Float64Array.from({ length: 1600 }, (_, i) => draw(i, rng))
  const score = backTest(lastWindow, history, windowSeconds)
  const limit = deviationLimit(score, calibration, new Rng(seed, 'limit'))
  return { limit, relativeChangeMin: 0.15, minimumIntervalSeconds: 0, alarmsMax: 3 }
}

/** The first alarm of a window of that load, forecast as `rps`. */
function firstAlarm(
  test: DeviationTest,
  draw: Load,
  forecast: { readonly rps: number; readonly dispersion: number },
  rng: Rng,
): (DeviationAlarm & { readonly atSeconds: number }) | null {
  let state = startDeviation(0)
  for (let second = 0; second < windowSeconds; second += 1) {
    const next = advanceDeviation(test, state, {
      atSeconds: second,
      expected: forecast.rps,
      observed: draw(second, rng),
      dispersion: forecast.dispersion,
    })
    if (next.alarm !== null) return { ...next.alarm, atSeconds: second }
    state = next.state
  }
  return null
}

test('of windows that go as forecast, at most one in ten raises an alarm', () => {
  for (const [rps, dispersion] of [
    [6, 1],
    [100, 1],
    [1000, 1],
    [100, 5],
  ] as const) {
    let alarms = 0
    for (let seed = 0; seed < 20; seed += 1) {
      const test = testFor(rps, dispersion, seed)
      for (let window = 0; window < 20; window += 1) {
        const rng = new Rng(seed, `window ${window}`)
        const alarm = firstAlarm(test, load(rps, dispersion), { rps, dispersion }, rng)
        alarms += alarm === null ? 0 : 1
      }
    }
    expect(alarms / 400, `${rps}/s, dispersion ${dispersion}`).toBeLessThanOrEqual(0.11)
  }
})

test('a load that doubles is noticed within seconds, and from when on', () => {
  const test = testFor(100, 1, 1)
  const doubled: Load = (second, rng) => rng.poisson(second < 60 ? 100 : 200)
  const alarm = firstAlarm(test, doubled, { rps: 100, dispersion: 1 }, new Rng(1, 'doubled'))
  expect(alarm?.direction).toBe('above')
  expect(alarm?.atSeconds).toBeGreaterThanOrEqual(60)
  expect(alarm?.atSeconds).toBeLessThan(66)
  expect(alarm?.sinceSeconds).toBeGreaterThan(50)
  expect(alarm?.sinceSeconds).toBeLessThanOrEqual(61)
})

test('a load that falls by a third is noticed too, even a bursty one', () => {
  const test = testFor(100, 5, 1)
  const fallen: Load = (_, rng) => load(66, 5)(0, rng)
  const alarm = firstAlarm(test, fallen, { rps: 100, dispersion: 5 }, new Rng(1, 'fallen'))
  expect(alarm?.direction).toBe('below')
  expect(alarm?.atSeconds).toBeLessThan(60)
})

test('one wild second is no signal', () => {
  const test = testFor(100, 5, 1)
  const once: Load = (second) => (second === 50 ? 160 : 100)
  expect(firstAlarm(test, once, { rps: 100, dispersion: 5 }, new Rng(1, 'once'))).toBeNull()
})

test('alarms keep their distance and their budget, and a new forecast starts at zero', () => {
  const test = { limit: 5, relativeChangeMin: 0.1, minimumIntervalSeconds: 30, alarmsMax: 2 }
  const reading = { expected: 100, observed: 200, dispersion: 1 }
  let state = startDeviation(0)
  const alarms: number[] = []
  for (let second = 0; second < 200; second += 1) {
    const next = advanceDeviation(test, state, { atSeconds: second, ...reading })
    state = next.alarm === null ? next.state : startDeviation(second, next.state)
    if (next.alarm !== null) alarms.push(second)
  }
  expect(alarms).toEqual([0, 30])
  expect(state.alarmCount).toBe(2)
  expect(startDeviation(200)).toMatchObject({ above: 0, below: 0, alarmCount: 0 })
})

test('without a back-test the limit is that of independent noise', () => {
  const limit = deviationLimit(null, calibration, new Rng(1, 'limit'))
  expect(limit).toBeGreaterThan(4)
  expect(limit).toBeLessThan(15)
})
