import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { must } from '../base/assert.ts'
import {
  type AccuracyTable,
  accuracyAt,
  initialAccuracyAt,
  measuredConfiguration,
} from '../core/learning/accuracy-table.ts'
import {
  type ModelVersion,
  retrainedVersion,
  versionAccuracyAt,
} from '../core/learning/model-version.ts'
import { retrainEpoch } from './configuration.ts'
import { copyModel, predictAll } from './learner.ts'
import { createWorld, measureTraining, parametersOf, type World } from './measure.ts'
import { drawSamples, labelsOf, withLabelNoise } from './stream.ts'
import { type Study, studies, tablesSeed } from './studies.ts'

const easy = studyOf('easy')

describe.each(studies)('data/accuracy/$id.json', (study) => {
  const table = read(study.id)

  test('states what it was measured with, and that is what the code says', () => {
    expect(table.source).toContain('measured on our synthetic stream')
    expect(table.parameters).toEqual({ ...parametersOf(study), seed: tablesSeed })
    expect(table.driftGrid).toEqual(study.driftGrid)
    expect(table.stalenessGrid).toEqual(study.stalenessGrid)
    expect(table.configurations.map(({ id }) => id)).toEqual(
      study.configurations.map(({ id }) => id),
    )
  })

  test('has a share in every cell, and curves from the initial version to the table', () => {
    for (const { accuracy, learningCurve, epochs } of table.configurations) {
      expect(accuracy.length).toBe(table.stalenessGrid.length)
      accuracy.forEach((row, s) => {
        expect(row.length).toBe(table.driftGrid.length)
        for (const share of row) expect(share > 0 && share < 1).toBe(true)
        const curve = must(learningCurve[s])
        expect(curve.length).toBe(epochs + 1)
        expect(curve.at(-1)).toBe(row[0])
        const before = initialAccuracyAt(table, must(table.stalenessGrid[s]))
        expect(Math.abs(must(curve[0]) - before)).toBeLessThan(0.01)
      })
    }
  })

  test('loses accuracy as the concept moves away', () => {
    for (const { id } of table.configurations) {
      for (const staleness of table.stalenessGrid) {
        expect(accuracyAt(table, id, staleness, 0)).toBeGreaterThan(
          accuracyAt(table, id, staleness, 0.3),
        )
        expect(accuracyAt(table, id, staleness, 0.3)).toBeGreaterThan(
          accuracyAt(table, id, staleness, 0.8),
        )
      }
    }
  })

  test('shows retraining that pays: all labels win back most of a large drift', () => {
    const before = initialAccuracyAt(table, 0.6)
    const lost = initialAccuracyAt(table, 0) - before
    const won = accuracyAt(table, 'full', 0.6, 0) - before
    expect(won / lost).toBeGreaterThan(0.9)
    const cheaper = accuracyAt(table, 'short', 0.6, 0)
    expect(cheaper).toBeGreaterThan(accuracyAt(table, 'last-layer', 0.6, 0))
    expect(cheaper).toBeLessThan(accuracyAt(table, 'full', 0.6, 0))
  })

  test('shows retraining that hurts: little data or a wrong rate spoil a good version', () => {
    for (const id of ['little-data', 'hot']) {
      for (const staleness of [0, 0.05]) {
        const before = initialAccuracyAt(table, staleness)
        const { accuracySpread } = measuredConfiguration(table, id)
        // Beyond chance: three standard errors of the mean over the repetitions.
        const chance = (3 * accuracySpread) / Math.sqrt(study.repetitions)
        expect(before - accuracyAt(table, id, staleness, 0), id).toBeGreaterThan(chance)
      }
    }
  })
})

test('measuring a cell again gives the committed value', () => {
  const configuration = must(easy.configurations.find(({ id }) => id === 'little-data'))
  const values = worldsOf(easy, tablesSeed, easy.repetitions).map((world) =>
    must(measureTraining(world, configuration, 0.3).accuracy[4]),
  )
  const drift = must(easy.driftGrid[4])
  expect(mean(values)).toBeCloseTo(accuracyAt(read('easy'), 'little-data', 0.3, drift), 3)
})

test('another seed agrees with the committed value within its spread', () => {
  const table = read('easy')
  const configuration = must(easy.configurations.find(({ id }) => id === 'short'))
  const repetitions = 4
  const values = worldsOf(easy, tablesSeed + 1, repetitions).map((world) =>
    must(measureTraining(world, configuration, 0.6).accuracy[0]),
  )
  const { accuracySpread } = measuredConfiguration(table, 'short')
  const standardError = accuracySpread * Math.sqrt(1 / repetitions + 1 / easy.repetitions)
  const difference = mean(values) - accuracyAt(table, 'short', 0.6, 0)
  expect(Math.abs(difference)).toBeLessThan(3 * standardError)
})

describe('a chain of retrainings, each from the version before', () => {
  test.each([
    ['easy', 'short', 0.2],
    ['easy', 'full', 0.45],
    ['medium', 'short', 0.2],
  ])('on the %s stream with %s every %d radians is what the table says', (id, way, step) => {
    const study = studyOf(id)
    const real = worldsOf(study, tablesSeed + 2, 2).map((world) => realChain(world, way, step))
    const expected = tableChain(read(id), way, step)
    expected.forEach((accuracy, i) => {
      const measured = mean(real.map((chain) => must(chain[i])))
      expect(Math.abs(measured - accuracy), `link ${i}`).toBeLessThan(0.025)
    })
  })
})

const links = 5

/** Accuracy before and after each retraining, measured. */
function realChain(world: World, configurationId: string, step: number): readonly number[] {
  const { study, concept, rng } = world
  const configuration = must(study.configurations.find(({ id }) => id === configurationId))
  const model = copyModel(world.initial)
  const judge = (position: number): number => {
    const truth = labelsOf(concept, position, world.testInputs)
    const answers = predictAll(model, world.testInputs)
    const hits = answers.filter((answer, i) => answer === truth[i]).length
    return withLabelNoise(hits / answers.length, study.stream)
  }
  const seen: number[] = []
  for (let link = 1; link <= links; link += 1) {
    const position = link * step
    seen.push(judge(position))
    const name = `link ${link}`
    const labels = drawSamples(concept, position, study.labelsPerWindow, rng.split(name))
    for (let epoch = 0; epoch < configuration.epochs; epoch += 1) {
      retrainEpoch(model, labels, configuration, { epoch, rng: rng.split(`order of ${name}`) })
    }
    seen.push(judge(position))
  }
  return seen
}

/** The same, looked up. */
function tableChain(table: AccuracyTable, configurationId: string, step: number) {
  let version: ModelVersion = { kind: 'initial', labelsAt: 0 }
  const seen: number[] = []
  for (let link = 1; link <= links; link += 1) {
    const labelsAt = link * step
    seen.push(versionAccuracyAt(table, version, labelsAt))
    version = retrainedVersion(table, version, { configurationId, labelsAt })
    seen.push(versionAccuracyAt(table, version, labelsAt))
  }
  return seen
}

function read(id: string): AccuracyTable {
  const path = new URL(`../../data/accuracy/${id}.json`, import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')) as AccuracyTable
}

function studyOf(id: string): Study {
  return must(studies.find((study) => study.id === id))
}

function worldsOf(study: Study, seed: number, repetitions: number): readonly World[] {
  return Array.from({ length: repetitions }, (_, i) => createWorld(study, seed, i))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
