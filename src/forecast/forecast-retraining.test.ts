import { describe, expect, test } from 'vitest'
import { Rng } from '../base/rng.ts'
import type { AccuracySample, FinishedRetraining, LabelCount } from '../core/observation.ts'
import { bestFreshAccuracy, deployedAccuracyNow, forecastDeployed } from './deployed-accuracy.ts'
import { type DriftEstimate, estimateDrift, lostBetween } from './drift-estimate.ts'
import { forecastRetraining, type RetrainingForecastInput } from './forecast-retraining.ts'
import { accuracyOf, fitLearningCurve } from './learning-curve.ts'
import { oracleDeployed, oracleRetraining } from './oracle-retraining.ts'
import { drawProbeReading, planProbe, probeSeconds } from './probe.ts'
import { retrainingSpeed, scaledSeconds, speedReadings } from './retraining-speed.ts'
import { scoreArrivals, scoreRetraining } from './score.ts'

const flat = { end: { mean: 0.6, deviation: 0.15 }, start: { mean: 0.6, deviation: 0.05 } }

function exactPoints(curve: (epochs: number) => number, epochs: readonly number[]) {
  return epochs.map((x) => ({ epochs: x, labelled: 1e6, correct: Math.round(1e6 * curve(x)) }))
}

function drawn(accuracy: number, labelled: number, rng: Rng): LabelCount {
  let correct = 0
  for (let i = 0; i < labelled; i += 1) if (rng.uniform() < accuracy) correct += 1
  return { labelled, correct }
}

describe('a learning curve', () => {
  test('is recovered from exact points of a third of the training, rising or falling', () => {
    for (const [start, end] of [
      [0.6, 0.85],
      [0.75, 0.8],
      [0.8, 0.55],
    ] as const) {
      const curve = (x: number) => end + (start - end) * Math.exp(-x / 3)
      const fit = fitLearningCurve(exactPoints(curve, [0, 1, 2, 3, 4, 5]), 15, flat)
      expect(Math.abs(fit.mean - curve(15)), `${start} to ${end}`).toBeLessThan(0.03)
      expect(Math.abs(fit.mean - curve(15))).toBeLessThan(2 * fit.deviation)
    }
  })

  test('that follows the hyperbolic family is recovered as well', () => {
    const curve = (x: number) => 0.9 - 0.3 / (1 + 0.5 * x)
    const fit = fitLearningCurve(exactPoints(curve, [0, 1, 2, 3, 4, 5]), 15, flat)
    expect(Math.abs(fit.mean - curve(15))).toBeLessThan(0.03)
  })

  test('without points is what was believed before', () => {
    const fit = fitLearningCurve([], 15, flat)
    expect(fit.mean).toBeCloseTo(0.6, 6)
    expect(fit.deviation).toBeCloseTo(0.15, 6)
  })

  test('known to its end is known, and the more is known the narrower the interval', () => {
    const curve = (x: number) => 0.85 - 0.25 * Math.exp(-x / 2)
    const whole = fitLearningCurve(exactPoints(curve, [0, 5, 10, 15]), 15, flat)
    const early = fitLearningCurve(exactPoints(curve, [0, 0.2, 0.4]), 15, flat)
    expect(whole.mean).toBeCloseTo(curve(15), 2)
    expect(whole.deviation).toBeLessThan(0.01)
    expect(early.deviation).toBeGreaterThan(3 * whole.deviation)
  })

  test('from noisy probes errs a few points, and its interval covers the truth as promised', () => {
    const rng = new Rng(5, 'curves')
    let covered = 0
    const errors = Array.from({ length: 200 }, (_, i) => {
      const start = 0.5 + 0.2 * rng.uniform()
      const end = start + 0.25 * rng.uniform()
      const speed = 1 + 4 * rng.uniform()
      const curve = (x: number) => end + (start - end) * Math.exp(-x / speed)
      const plan = planProbe({ id: 'a', epochs: 10 })
      const truth = { accuracyAfterWork: curve, classIndex: 0, atSeconds: 0, costSeconds: 1 }
      const { points } = drawProbeReading(plan, truth, rng.split(`probe ${i}`))
      const fit = fitLearningCurve(points, 10, {
        end: { mean: start + 0.1, deviation: 0.12 },
        start: { mean: start, deviation: 0.03 },
      })
      if (Math.abs(fit.mean - curve(10)) < 1.645 * fit.deviation) covered += 1
      return Math.abs(fit.mean - curve(10))
    })
    expect(errors.sort((a, b) => a - b)[100]).toBeLessThan(0.06)
    expect(covered / 200).toBeGreaterThan(0.8)
  })
})

function steady(perSecond: number, deviation = 1e-5): DriftEstimate {
  const slope = { mean: perSecond, deviation }
  return { young: slope, old: slope, kneeSeconds: 100 }
}

describe('drift', () => {
  const samplesOf = (slope: number, labelled: number, later = slope): readonly AccuracySample[] => {
    const rng = new Rng(2, 'samples')
    return [0, 400, 800].flatMap((from, version) =>
      [50, 150, 250, 350].map((age) => ({
        versionId: `v${version}`,
        versionLabelledUntilSeconds: from,
        atSeconds: from + age,
        ...drawn(
          0.9 - 2e-5 * from - slope * Math.min(age, 200) - later * Math.max(0, age - 200),
          labelled,
          rng,
        ),
      })),
    )
  }
  const now = { nowSeconds: 1200, halfLifeSeconds: 800, kneeSeconds: 200 }

  test('is found over versions of different levels', () => {
    const { young, old } = estimateDrift(samplesOf(5e-4, 8000, 8e-4), now)
    expect(Math.abs(young.mean - 5e-4)).toBeLessThan(2 * young.deviation)
    expect(Math.abs(old.mean - 8e-4)).toBeLessThan(2 * old.deviation)
    expect(Math.max(young.deviation, old.deviation)).toBeLessThan(1e-4)
  })

  test('is found to steepen with the age of the labels', () => {
    const { young, old } = estimateDrift(samplesOf(3e-4, 20_000, 7e-4), now)
    expect(old.mean - young.mean).toBeGreaterThan(2e-4)
  })

  test('is nothing without labels, and never negative', () => {
    expect(estimateDrift([], now)).toMatchObject({ young: { mean: 0 }, old: { mean: 0 } })
    expect(estimateDrift(samplesOf(-5e-4, 4000), now).young.mean).toBe(0)
    expect(estimateDrift(samplesOf(5e-4, 0), now)).toEqual(estimateDrift([], now))
  })

  test('is the less certain the fewer labels come back', () => {
    const many = estimateDrift(samplesOf(5e-4, 4000), now)
    const few = estimateDrift(samplesOf(5e-4, 40), now)
    expect(few.young.deviation).toBeGreaterThan(1.5 * many.young.deviation)
  })

  test('costs each second by the age it is lived at', () => {
    const young = { mean: 1e-4, deviation: 1e-5 }
    const old = { mean: 3e-4, deviation: 1e-5 }
    const drift = { young, old, kneeSeconds: 100 }
    expect(lostBetween(drift, 0, 80).mean).toBeCloseTo(0.008, 12)
    expect(lostBetween(drift, 50, 150).mean).toBeCloseTo(0.005 + 0.015, 12)
    expect(lostBetween(drift, 150, 50).mean).toBeCloseTo(-0.02, 12)
  })
})

describe('the accuracy of the deployed version', () => {
  const deployed = { versionId: 'v1', versionLabelledUntilSeconds: 1000, heldOut: null }
  const drift = steady(5e-4)
  const unknown = { mean: 0.5, deviation: 0.3 }
  const sample = (atSeconds: number, correct: number): AccuracySample => ({
    versionId: 'v1',
    versionLabelledUntilSeconds: 1000,
    atSeconds,
    labelled: 10_000,
    correct,
  })

  test('is its labels, carried on at the drift', () => {
    const knowledge = { nowSeconds: 1300, drift, unknown }
    const now = deployedAccuracyNow(deployed, [sample(1100, 8500), sample(1200, 8000)], knowledge)
    expect(now.mean).toBeGreaterThan(0.74)
    expect(now.mean).toBeLessThan(0.76)
    const horizon = { startSeconds: 1300, slotSeconds: 10, slotCount: 20, terminalSeconds: 200 }
    const ahead = forecastDeployed(now, drift, { horizon, versionLabelledUntilSeconds: 1000 })
    expect(ahead.perSlot).toHaveLength(20)
    expect(ahead.perSlot[19]).toBeCloseTo(now.mean - 5e-4 * 195, 9)
    expect(ahead.terminal).toBeCloseTo(now.mean - 5e-4 * 300, 9)
  })

  test('is its test on held-out labels until labels of its answers come back', () => {
    const fresh = { ...deployed, heldOut: { labelled: 500, correct: 450 } }
    const knowledge = { nowSeconds: 1000, drift, unknown }
    const now = deployedAccuracyNow(fresh, [], knowledge)
    expect(now.mean).toBeCloseTo(0.9, 1)
    const later = deployedAccuracyNow(fresh, [sample(1190, 7000)], {
      ...knowledge,
      nowSeconds: 1200,
    })
    expect(later.mean).toBeLessThan(0.73)
  })

  test('was best while its labels were new; what was hardly tested is no best', () => {
    const tests = [
      { ...sample(1100, 8500), versionId: 'v0', versionLabelledUntilSeconds: 900 },
      sample(1100, 8000),
      { ...sample(1000, 10), versionId: 'lucky', labelled: 10 },
    ]
    const best = bestFreshAccuracy(tests, drift, unknown)
    expect(best?.mean).toBeCloseTo(0.85 + 200 * 5e-4, 2)
    expect(bestFreshAccuracy([], drift, unknown)).toBeNull()
  })

  test('is unknown without any test, and labels of other versions do not count', () => {
    const other = { ...sample(1190, 7000), versionId: 'v0' }
    const now = deployedAccuracyNow(deployed, [other], { nowSeconds: 1200, drift, unknown })
    expect(now).toEqual(unknown)
  })
})

const horizon = { startSeconds: 1000, slotSeconds: 20, slotCount: 10, terminalSeconds: 200 }

const usual: RetrainingForecastInput = {
  configurationId: 'full',
  epochs: 15,
  secondsByClass: [300, null, 60],
  speed: { mean: 1, deviation: 0.1 },
  finished: [],
  probes: [],
  start: { mean: 0.6, deviation: 0.02 },
  drift: steady(4e-4),
  labelledUntilSeconds: 1000,
  horizon,
}

function finishedRun(configurationId: string, accuracy: number, at: number): FinishedRetraining {
  return {
    configurationId,
    versionId: `${configurationId} ${at}`,
    versionLabelledUntilSeconds: at - 100,
    classIndex: 2,
    finishedSeconds: at,
    seconds: 66,
    before: { labelled: 500, correct: 300 },
    after: { labelled: 500, correct: Math.round(500 * accuracy) },
  }
}

describe('a retraining configuration', () => {
  test('of which nothing is known promises a little less than there was, and doubts it', () => {
    const forecast = forecastRetraining(usual)
    expect(forecast.accuracyAfter[0]).toBeCloseTo(0.6 - 0.03 - 4e-4 * 10, 6)
    expect(forecast.accuracyUncertainty).toBeGreaterThan(0.06)
    expect(forecast.secondsByClass).toEqual([300, null, 60])
  })

  test('of which nothing is known is expected to win back most of what drift has cost', () => {
    const forecast = forecastRetraining({ ...usual, fresh: { mean: 0.8, deviation: 0.03 } })
    expect(forecast.accuracyAfter[0]).toBeCloseTo(0.8 - 0.03 - 0.15 * 0.2 - 4e-4 * 10, 6)
    expect(forecast.accuracyUncertainty).toBeGreaterThan(
      forecastRetraining(usual).accuracyUncertainty,
    )
  })

  test('that achieved something from a fresher start will achieve less from a staler one', () => {
    const finished = [finishedRun('full', 0.78, 900)]
    const fresh = { mean: 0.8, deviation: 0.01 }
    const same = forecastRetraining({ ...usual, fresh, finished })
    const staler = forecastRetraining({
      ...usual,
      fresh,
      finished,
      start: { mean: 0.4, deviation: 0.02 },
    })
    expect(staler.accuracyAfter[0]).toBeLessThan(same.accuracyAfter[0]! - 0.01)
    expect(staler.accuracyUncertainty).toBeGreaterThan(same.accuracyUncertainty)
  })

  test('is expected to achieve again what it achieved, and to fall with the drift', () => {
    const finished = [700, 800, 900].map((at) => finishedRun('full', 0.85, at))
    const fresh = { mean: 0.85, deviation: 0.01 }
    const forecast = forecastRetraining({ ...usual, fresh, finished })
    expect(forecast.accuracyAfter[0]).toBeGreaterThan(0.82)
    expect(forecast.accuracyAfter[0]).toBeLessThan(0.86)
    expect(forecast.accuracyAfter[0]! - forecast.accuracyAfter[9]!).toBeCloseTo(4e-4 * 180, 9)
    expect(forecast.accuracyTerminal).toBeLessThan(forecast.accuracyAfter[9]!)
    expect(forecast.accuracyUncertainty).toBeLessThan(0.08)
  })

  test('borrows from other configurations, with more doubt than from itself', () => {
    const others = [700, 800, 900].map((at) => finishedRun('short', 0.85, at))
    const borrowed = forecastRetraining({ ...usual, finished: others })
    const own = forecastRetraining({
      ...usual,
      finished: [700, 800, 900].map((at) => finishedRun('full', 0.85, at)),
    })
    expect(borrowed.accuracyAfter[0]).toBeGreaterThan(0.78)
    expect(borrowed.accuracyUncertainty).toBeGreaterThan(1.5 * own.accuracyUncertainty)
  })

  test('that hurts is seen by its probe', () => {
    const plan = planProbe({ id: 'hot', epochs: 3 }, { ...probeSettings, labelShare: 0.5 })
    const truth = {
      accuracyAfterWork: (x: number) => 0.3 + 0.3 * Math.exp(-2 * x),
      classIndex: 0,
      atSeconds: 1000,
      costSeconds: 5,
    }
    const probes = [drawProbeReading(plan, truth, new Rng(3, 'probe'))]
    const forecast = forecastRetraining({ ...usual, configurationId: 'hot', epochs: 3, probes })
    expect(forecast.accuracyAfter[0]).toBeLessThan(0.4)
  })

  test('probes of another configuration say nothing about it', () => {
    const plan = planProbe({ id: 'hot', epochs: 3 })
    const truth = { accuracyAfterWork: () => 0.1, classIndex: 0, atSeconds: 1000, costSeconds: 5 }
    const probes = [drawProbeReading(plan, truth, new Rng(3, 'probe'))]
    expect(forecastRetraining({ ...usual, probes })).toEqual(forecastRetraining(usual))
  })
})

const probeSettings = { epochsMax: 5, labelShare: 0.2, heldOutLabels: 200 }

test('a probe is charged its share of the work and its tests', () => {
  const plan = planProbe({ id: 'full', epochs: 15 }, probeSettings)
  expect(plan).toMatchObject({ epochs: 5, workShare: 1 / 15 })
  expect(probeSeconds(plan, 300, 30_000)).toBeCloseTo(300 * (1 / 15 + 400 / 30_000), 9)
  expect(planProbe({ id: 'short', epochs: 3 }, probeSettings)).toMatchObject({ epochs: 3 })
})

test('seconds follow what retrainings really took, as far as they outweigh the profile', () => {
  const readings = speedReadings(
    [
      { classIndex: 2, seconds: 72 },
      { classIndex: 0, seconds: 360 },
      { classIndex: 1, seconds: 50 },
    ],
    [300, null, 60],
  )
  expect(readings).toHaveLength(2)
  const speed = retrainingSpeed(readings)
  expect(speed.mean).toBeGreaterThan(1.15)
  expect(speed.mean).toBeLessThan(1.2)
  expect(retrainingSpeed([]).mean).toBe(1)
  expect(scaledSeconds([300, null], 1.5)).toEqual([450, null])
})

test('the oracle of retraining is the truth', () => {
  const truth = {
    configurationId: 'full',
    secondsByClass: [310, null, 58],
    accuracyAt: (at: number) => 0.9 - 1e-4 * (at - 1000),
  }
  const oracle = oracleRetraining(truth, horizon)
  expect(oracle).toMatchObject({ secondsByClass: [310, null, 58], accuracyUncertainty: 0 })
  expect(oracle.accuracyAfter[0]).toBeCloseTo(0.9 - 1e-4 * 10, 12)
  expect(oracle.accuracyTerminal).toBeCloseTo(0.9 - 1e-4 * 300, 12)
  expect(oracleDeployed(truth.accuracyAt, horizon).perSlot).toEqual(oracle.accuracyAfter)
})

test('a score says how far off, to which side, and whether the intervals hold', () => {
  const outcome = {
    expectedAccuracy: 0.8,
    uncertainty: 0.05,
    accuracy: 0.78,
    expectedSeconds: 90,
    seconds: 100,
  }
  const score = scoreRetraining([outcome, { ...outcome, accuracy: 0.9 }])
  expect(score?.accuracyError).toBeCloseTo(0.06, 9)
  expect(score?.accuracyBias).toBeCloseTo(-0.04, 9)
  expect(score).toMatchObject({ coverage: 0.5 })
  expect(score?.secondsError).toBeCloseTo(0.1, 9)
  expect(scoreRetraining([])).toBeNull()
  const forecast = { method: '', meanRps: [10, 20], dispersion: 1, backTestError: null }
  expect(scoreArrivals(forecast, [10, 30], 2)).toEqual({ error: 0.5, bias: 0.5 })
  expect(scoreArrivals(forecast, [0, 0], 2)).toEqual({ error: null, bias: null })
})

test('a share of labels has the binomial deviation, and no test is exact', () => {
  expect(accuracyOf({ labelled: 10_000, correct: 8000 }).deviation).toBeCloseTo(0.0064, 3)
  expect(accuracyOf({ labelled: 10, correct: 10 }).deviation).toBeGreaterThan(0.08)
})
