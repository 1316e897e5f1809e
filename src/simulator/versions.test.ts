import { describe, expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { LabelBook } from './label-book.ts'
import { binomial, positionAt, Versions } from './versions.ts'

/** Vision drifts by 0.001 a second, and by 0.2 at 50 s; retraining in full gives 0.94 afresh. */
const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })
const initial = 'vision/initial'

function versions(): Versions {
  return new Versions(site, new Rng(1))
}

describe('a model version', () => {
  test('ages with the drift since its labels', () => {
    const own = versions()
    expect(own.accuracyOf(initial, 0)).toBe(0.95)
    expect(own.accuracyOf(initial, 40)).toBeCloseTo(0.95 - 0.04 * 0.4, 9)
    expect(own.accuracyOf(initial, 60)).toBeCloseTo(0.95 - 0.26 * 0.4, 9)
    expect(own.accuracyOf(initial, -100)).toBe(0.95)
  })

  test('that is retrained starts anew from its labels, give or take its luck', () => {
    const own = versions()
    const labelsSeconds = 100
    own.beginJob('j', { tenant: 0, configurationId: 'full', from: initial, labelsSeconds })
    const prospect = own.outcomeOf('j')
    const version = own.finishJob('j')
    // Labels at 0.3 from an initial version labelled at 0: staleness 0.3.
    expect(prospect(100)).toBeCloseTo(0.94 - 0.3 * 0.04, 9)
    const luck = own.accuracyOf(version, 100) - prospect(100)
    expect(Math.abs(luck)).toBeLessThan(0.04)
    expect(own.accuracyOf(version, 200) - prospect(200)).toBeCloseTo(luck, 9)
  })

  test('shows its learning curve from the staleness it starts with', () => {
    const from = { configurationId: 'full', from: initial, labelsSeconds: 100 }
    const curve = versions().curveOf(0, from)
    expect(curve(0)).toBeCloseTo(0.7 * 0.9 + 0.3 * 0.5, 9)
    expect(curve(2)).toBeCloseTo(0.7 * 0.94 + 0.3 * 0.9, 9)
    expect(curve(0.5)).toBeCloseTo((curve(0) + curve(1)) / 2, 9)
  })

  test('is measured on the same labels as another, with the noise of so many labels', () => {
    const own = versions()
    own.beginJob('j', { tenant: 0, configurationId: 'full', from: initial, labelsSeconds: 100 })
    const version = own.finishJob('j')
    const { labels, correctCandidate, correctDeployed } = own.measure(version, initial, {
      labels: 10_000,
      labelsSeconds: 100,
    })
    expect(labels).toBe(10_000)
    expect(correctCandidate / labels).toBeCloseTo(own.accuracyOf(version, 100), 1)
    expect(correctDeployed / labels).toBeCloseTo(own.accuracyOf(initial, 100), 1)
    expect(correctCandidate).not.toBe(Math.round(10_000 * own.accuracyOf(version, 100)))
  })
})

test('before the run a stream drifts at its steady pace', () => {
  const drift = { distancePerSecond: 0.01, shifts: [{ atSeconds: 5, distance: 1 }] }
  expect([-10, 0, 10].map((at) => positionAt(drift, at))).toEqual([-0.1, 0, 1.1])
})

test('correct answers scatter as a binomial does, of few labels and of many', () => {
  for (const n of [20, 5000]) {
    const rng = new Rng(3)
    const drawn = Array.from({ length: 4000 }, () => binomial(rng, n, 0.8))
    const mean = drawn.reduce((sum, k) => sum + k, 0) / drawn.length
    const variance = drawn.reduce((sum, k) => sum + (k - mean) ** 2, 0) / drawn.length
    expect(mean / n).toBeCloseTo(0.8, 2)
    expect(variance / (n * 0.8 * 0.2)).toBeGreaterThan(0.9)
    expect(variance / (n * 0.8 * 0.2)).toBeLessThan(1.1)
    expect(Math.max(...drawn)).toBeLessThanOrEqual(n)
  }
})

describe('labels', () => {
  const second = (version: string, inTime: number, accuracy: number) => ({
    arrived: 100,
    version,
    inTime,
    accuracySum: inTime * accuracy,
  })
  const seconds = [
    ...Array.from({ length: 60 }, () => second(initial, 100, 0.9)),
    ...Array.from({ length: 40 }, () => second('vision/next', 50, 0.5)),
  ]

  test('arrive at a window start, counted by version in four parts of the window', () => {
    const own = versions()
    const book = new LabelBook(site, own, new Rng(1))
    own.beginJob('j', { tenant: 0, configurationId: 'full', from: initial, labelsSeconds: 0 })
    book.beginJob('j', { tenant: 0, configurationId: 'full', from: initial })
    const next = own.finishJob('j')
    book.finishJob('j', next, 50)
    const renamed = seconds.map((of) => (of.version === initial ? of : { ...of, version: next }))
    book.labelsArrive(100, [renamed, []])
    const { samples } = book.of(0)
    expect(
      samples.map(({ versionId, atSeconds, labelled }) => [versionId, atSeconds, labelled]),
    ).toEqual([
      [initial, 12.5, 2500],
      [initial, 37.5, 2500],
      [initial, 62.5, 1000],
      [next, 62.5, 750],
      [next, 87.5, 1250],
    ])
    expect(must(samples[0]).correct / 2500).toBeCloseTo(0.9, 1)
    expect(must(samples[4]).correct / 1250).toBeCloseTo(0.5, 1)
    expect(book.heldOutLabels(0)).toBe(2000)
  })

  test('are there to be judged by, whether or not anybody was answered', () => {
    const book = new LabelBook(site, versions(), new Rng(1))
    book.labelsArrive(0, [seconds.map((of) => ({ ...of, inTime: 0, accuracySum: 0 })), []])
    expect(book.of(0).samples).toEqual([])
    expect(book.heldOutLabels(0)).toBe(2000)
    expect(book.heldOutLabels(1)).toBe(0)
  })
})
