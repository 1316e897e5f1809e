import { describe, expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { capacityLost, gpuSecondsUsed, reconfigurationsIn } from './reconfiguration-cost.ts'
import type { InstanceSpan } from './span-recorder.ts'

const site = resolveSite({ text: literalSite, sourceName: 'site.yaml', readFile: readLiteral() })

function span(
  phase: InstanceSpan['phase'],
  fromSeconds: number,
  untilSeconds: number,
  profileId = 14,
): InstanceSpan {
  return {
    instanceId: 'x',
    gpu: 0,
    start: 0,
    size: 2,
    profileId,
    profileName: '',
    tenant: null,
    phase,
    fromSeconds,
    untilSeconds,
  }
}

describe('reconfigurations', () => {
  test('that touch or overlap are one, and the first layout is none', () => {
    const spans = [
      span('initialising', 0, 5),
      span('serving', 5, 100),
      span('draining', 100, 100.1),
      span('destroying', 100.1, 100.3),
      span('creating', 100.3, 100.5),
      span('initialising', 100.5, 106),
      span('creating', 200, 200.2),
    ]
    expect(reconfigurationsIn(site, spans)).toBe(2)
  })

  test('that only give back what nobody takes at once are none', () => {
    const spans = [span('draining', 50, 50.1), span('idle', 50.1, 60), span('destroying', 60, 60.2)]
    expect(reconfigurationsIn(site, spans)).toBe(0)
    expect(reconfigurationsIn(site, [...spans, span('initialising', 60.2, 66)])).toBe(1)
  })

  test('version switches, training and idle instances are none', () => {
    const spans = [span('switching', 10, 11), span('retraining', 20, 40), span('idle', 40, 50)]
    expect(reconfigurationsIn(site, spans)).toBe(0)
  })
})

describe('capacity lost', () => {
  /** Vision serves 800 requests/s on a 2g. */
  const missing = (...perSecond: number[]) => [Float64Array.from(perSecond), new Float64Array(3)]

  test('is what was missed and could have been answered meanwhile', () => {
    expect(capacityLost(site, [span('initialising', 0, 1)], missing(300, 0, 0))[0]).toBe(300)
    expect(capacityLost(site, [span('initialising', 0, 1)], missing(3000, 0, 0))[0]).toBeCloseTo(
      800,
      0,
    )
    expect(capacityLost(site, [span('initialising', 0, 0.25)], missing(3000, 0, 0))[0]).toBeCloseTo(
      200,
      0,
    )
  })

  test('is nothing where there was no demand, or slices served', () => {
    expect(capacityLost(site, [span('initialising', 0, 1)], missing(0, 500, 0))).toEqual([0, 0])
    expect(capacityLost(site, [span('serving', 0, 3)], missing(500, 500, 500))).toEqual([0, 0])
  })

  test('is never counted twice for one request', () => {
    const both = [span('initialising', 0, 1), span('switching', 0, 1)]
    expect(capacityLost(site, both, missing(1000, 0, 0))[0]).toBeCloseTo(1000, 6)
  })
})

test('GPU seconds are shares of compute slices, held for somebody', () => {
  expect(
    gpuSecondsUsed(site, [
      span('serving', 0, 70),
      span('retraining', 0, 7, 0),
      span('idle', 7, 70),
    ]),
  ).toBeCloseTo(27, 9)
})
