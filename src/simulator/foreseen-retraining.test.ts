import { describe, expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { Rng } from '../base/rng.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { estimateDrift } from '../forecast/drift-estimate.ts'
import { foreseeRetraining } from '../outlook/retraining-outlook.ts'
import { answeredBefore } from './answered-before.ts'
import { LabelBook } from './label-book.ts'
import { drawTruth } from './truth.ts'
import { Versions } from './versions.ts'

/** Vision drifts by 0.001 a second, which costs its version 0.0004 of accuracy a second. */
function bookOf(initialStaleness: number): LabelBook {
  const drift = 'drift: {perSecond: 0.001, shifts: [{at: 50s, distance: 0.2}]}'
  const text = literalSite.replace(drift, `${drift}\n      initialStaleness: ${initialStaleness}`)
  const site = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
  const truth = drawTruth(site, 1)
  const versions = new Versions(site, truth.rng.split('versions'))
  const book = new LabelBook(site, versions, new Rng(1))
  const before = site.tenants.map((_, i) => answeredBefore(site, { truth, versions }, i))
  book.labelsArrive(0, before)
  return book
}

const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })
const horizon = { startSeconds: 0, slotSeconds: 1, slotCount: 100, terminalSeconds: 100 }
const first = { tenant: 0, nowSeconds: 0, horizon, isOffered: true, jobId: null }

describe('before the first plan', () => {
  test('a version as new as the run was preceded by one, whose answers show the drift', () => {
    const { samples } = bookOf(0).of(0)
    expect(samples.map(({ versionId, atSeconds }) => [versionId, atSeconds])).toEqual([
      ['vision/before', -87.5],
      ['vision/before', -62.5],
      ['vision/before', -37.5],
      ['vision/before', -12.5],
    ])
    const known = { nowSeconds: 0, halfLifeSeconds: 300, kneeSeconds: 50 }
    const { young } = estimateDrift(samples, known)
    expect(Math.abs(young.mean - 0.0004)).toBeLessThan(2 * young.deviation)
    expect(young.deviation).toBeLessThan(0.0002)
  })

  test('an older one has answered itself since it was there', () => {
    const { samples } = bookOf(0.05).of(0)
    expect(samples.filter(({ versionId }) => versionId === 'vision/initial')).toHaveLength(2)
    expect(must(samples.at(-1)).correct / must(samples.at(-1)).labelled).toBeCloseTo(0.935, 1)
  })

  test('accuracy is known from labels, not made up', () => {
    const { deployed } = foreseeRetraining(site, bookOf(0.3), first)
    expect(Math.abs(must(deployed.perSlot[0]) - 0.83)).toBeLessThan(0.02)
  })

  test('a retraining never tried is expected to win back part of what drift has cost', () => {
    const { deployed, retraining } = foreseeRetraining(site, bookOf(0.3), first)
    const gain = must(retraining[0]?.accuracyAfter[0]) - must(deployed.perSlot[0])
    // 0.85 of the 0.0004 a second of 300 s, less what a retraining leaves unreached.
    expect(gain).toBeGreaterThan(0.03)
    expect(gain).toBeLessThan(0.12)
  })
})
