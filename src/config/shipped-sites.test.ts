import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { dataText, readShipped } from '../../test/data-files.ts'
import { drawSeries } from '../arrivals/draw-series.ts'
import { accuracyAt, initialAccuracyAt } from '../core/learning/accuracy-table.ts'
import type { Site } from '../core/site.ts'
import { modelsOf } from './profiles/profile-library.ts'
import { readProfiles, shippedProfileFiles } from './profiles/read-profiles.ts'
import { resolveAccuracy } from './resolve-accuracy.ts'
import { resolveSite } from './resolve-site.ts'
import { shippedAccuracyTables, shippedTraces } from './shipped.ts'

function shipped(name: string): Site {
  const text = dataText(`sites/${name}`)
  return resolveSite({ text, sourceName: name, readFile: readShipped })
}

function filesIn(folder: string, ending: string): readonly string[] {
  const path = resolve(import.meta.dirname, '../../data', folder)
  return readdirSync(path).filter((file) => file.endsWith(ending))
}

const site = shipped('default.yaml')
const init = shipped('init.yaml')

test('the default site is one A100 80GB, three tenants and at least five windows', () => {
  expect(site.gpus.map(({ model }) => model.id)).toEqual(['a100-80gb'])
  expect(site.tenants).toHaveLength(3)
  expect(site.windowSeconds).toBe(200)
  expect((site.simulation?.durationSeconds ?? 0) / 200).toBeGreaterThanOrEqual(5)
  for (const tenant of site.tenants) {
    expect(tenant.serving.every((serving) => serving?.provenance === 'measured')).toBe(true)
    expect(tenant.retraining.length).toBeGreaterThan(1)
  }
})

test('its arrivals are one amplified recording and a generated pattern in anti-phase', () => {
  const series = drawn(1)
  expect(series.map(({ description }) => description)).toEqual([
    'generated: sine 700/s ±70 % every 400 s, phase 0, Poisson, noise 0.1 over 30 s',
    'Azure LLM 2023 conversation, x25, rate resampled as Poisson',
    'generated: sine 1300/s ±70 % every 400 s, phase 0.5, Poisson, noise 0.1 over 30 s',
  ])
})

test('its GPU is contended, not hopeless: a static split serves the means, not the peaks', () => {
  // 3g for vision, two 1g for language and the rest for mobile: near the best split in hindsight.
  const split = [1331, 235, 1478]
  for (const seed of [1, 2, 3]) {
    const loads = drawn(seed).map(({ ratesRps, historySeconds }, i) => {
      const rates = [...ratesRps.slice(historySeconds)]
      const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
      return { mean: mean / (split[i] as number), peak: Math.max(...rates) / (split[i] as number) }
    })
    const mean = loads.reduce((sum, load) => sum + load.mean, 0) / loads.length
    expect(mean).toBeGreaterThan(0.6)
    expect(mean).toBeLessThan(0.8)
    expect(loads.every((load) => load.mean < 1)).toBe(true)
    expect(loads[2]?.peak).toBeGreaterThan(1.3)
  }
})

test('retraining pays well for one tenant, a little for another, and hurts the third', () => {
  const gains = site.tenants.map((tenant, i) => {
    const drift = (site.simulation?.tenants[i]?.drift.distancePerSecond ?? 0) * site.windowSeconds
    const later = 1.5 * drift
    const kept = initialAccuracyAt(tenant.accuracy, later)
    const made = tenant.retraining.map(({ configurationId }) =>
      accuracyAt(tenant.accuracy, configurationId, drift, later - drift),
    )
    return Math.max(...made) - kept
  })
  expect(gains[0]).toBeGreaterThan(0.07)
  expect(gains[2]).toBeGreaterThan(0.01)
  expect(gains[2]).toBeLessThan(0.05)
  expect(gains[1]).toBeLessThan(0)
})

test('the template of init resolves, and so does every key that it shows in a comment', () => {
  expect(init.tenants.map(({ id }) => id)).toEqual(['search', 'photos'])
  expect(init.simulation?.tenants).toHaveLength(2)
  const keys = 'terminal|residenceMin|items|sloAttainmentMin|memory|start|costs|planner|profiles'
  const more = 'configurations|labelledShare|forecast|policy: static|static'
  const shown = dataText('sites/init.yaml')
    .replaceAll(new RegExp(`^( *)# (${keys}|${more})(?=:|$)`, 'gm'), '$1$2')
    .replaceAll(/^#( {3}(?:arrivals|season|injectedError):)/gm, ' $1')
    .replaceAll(/^# {3}(- \{gpu)/gm, '  $1')
    .replace('policy: migrator\n', '')
    .replace('profiles: [./my-figures.yaml]\n', '')
  const full = resolveSite({ text: shown, sourceName: 'shown.yaml', readFile: readShipped })
  expect(full.policy).toBe('static')
  expect(full.staticLayout).toHaveLength(3)
  expect(full.tenants[0]?.sloAttainmentMin).toBe(0.95)
  expect(full.forecast.seasonSeconds).toBe(86_400)
})

test('the template lists every model and job that has figures', () => {
  const text = dataText('sites/init.yaml').replaceAll(/\n *#/g, ' ').replaceAll(/ +/g, ' ')
  const library = readProfiles(readShipped, [])
  expect(text).toContain(`Models with figures: ${modelsOf(library, 'inference').join(', ')}.`)
  expect(text).toContain(`Jobs with figures: ${modelsOf(library, 'training').join(', ')}.`)
})

test('names of what comes with the program and its files are the same', () => {
  expect([...shippedAccuracyTables].map((name) => `${name}.json`).sort()).toEqual(
    [...filesIn('accuracy', '.json')].sort(),
  )
  expect(Object.values(shippedTraces).map(({ path }) => path.split('/').at(-1))).toEqual(
    filesIn('traces', '.csv'),
  )
  expect([...shippedProfileFiles].sort()).toEqual([...filesIn('profiles', '.json')].sort())
})

test('every accuracy table that comes with the program reads', () => {
  for (const name of shippedAccuracyTables) {
    const table = resolveAccuracy(name, readShipped, (_, found) => {
      throw new Error(found)
    })
    expect(table.id).toBe(name)
  }
})

function drawn(seed: number) {
  return site.tenants.map(({ id }, i) => {
    const truth = site.simulation?.tenants[i]
    if (truth === undefined) throw new Error('The default site has a simulation')
    return drawSeries(truth.arrivals, id, seed)
  })
}
