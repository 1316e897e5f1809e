import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { suiteDescription } from '../../src/cli/suite/compare-suite.ts'
import { rowsIn } from '../../src/cli/suite/results-file.ts'
import { comparisonTables } from '../../src/observe/suite/comparison-tables.ts'
import { disagreements } from '../../src/observe/suite/disagreement.ts'
import { filledPage } from '../../src/observe/suite/filled-page.ts'
import { type SuiteRow, worldKey } from '../../src/observe/suite/suite-row.ts'
import { summariseSuite } from '../../src/observe/suite/summarise-suite.ts'
import { sweepTables } from '../../src/observe/suite/sweep-tables.ts'

const folder = resolve(import.meta.dirname, '../../data/results')
const hasBase = existsSync(resolve(folder, 'base.jsonl'))
const hasFull = existsSync(resolve(folder, 'full.jsonl'))

function rowsOf(name: string): readonly SuiteRow[] {
  const path = resolve(folder, name)
  return existsSync(path) ? rowsIn(readFileSync(path, 'utf8'), path) : []
}

const base = rowsOf('base.jsonl')
const full = rowsOf('full.jsonl')

describe.skipIf(!hasBase)('the committed results', () => {
  test('hold no run twice, and none beyond its bound', () => {
    expect(new Set(base.map((row) => worldKey(row))).size).toBe(base.length)
    for (const row of [...base, ...full]) {
      if (row.kind !== 'run') continue
      expect(row.goodput, worldKey(row)).toBeLessThanOrEqual(row.bound + 1e-6)
    }
  })

  test('report reported seeds only, the same for every policy of a scenario', () => {
    const plain = base.filter(
      ({ kind, knobs, policy }) =>
        kind === 'run' && Object.keys(knobs).length === 0 && policy !== 'migrator-blind-cold',
    )
    const seedsOf = new Map<string, number[]>()
    for (const { scenario, policy, seed } of plain) {
      const key = `${scenario} ${policy}`
      seedsOf.set(key, [...(seedsOf.get(key) ?? []), seed])
    }
    const sets = new Set([...seedsOf.values()].map((seeds) => seeds.sort((a, b) => a - b).join()))
    expect(sets.size).toBe(1)
    expect(Math.max(...plain.map(({ seed }) => seed))).toBeLessThan(100)
  })

  test('are what the tables of the page say', () => {
    const inputs = { code: '', scenarios: '' }
    const description = suiteDescription({ policies: null, brought: [] }, false)
    const result = summariseSuite(base, { ...description, inputs })
    const tables = { ...comparisonTables(result), ...sweepTables(full, result.reference) }
    const page = readFileSync(resolve(folder, '../../docs/COMPARISON.md'), 'utf8')
    const figures = (text: string) => text.replaceAll(/Code `\w*`, scenarios and data `\w*`\./g, '')
    expect(figures(page), 'npm run comparison').toBe(figures(filledPage(page, tables)))
  })

  if (hasFull) {
    test('of the base grid agree with those of the full one', () => {
      expect(disagreements(base, full)).toEqual([])
    })
  }
})
