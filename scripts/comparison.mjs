// Fills the tables of docs/COMPARISON.md from data/results/base.jsonl and full.jsonl, which
// `migrator compare --suite --seeds 10 --results data/results/base.jsonl` and
// `migrator compare --suite --full --results data/results/full.jsonl` make:
// `npm run comparison` writes the page, with `-- --check` it says whether it is what the rows say.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suiteDescription } from '../dist/cli/suite/compare-suite.js'
import { rowsIn } from '../dist/cli/suite/results-file.js'
import { readScenarios } from '../dist/cli/suite/scenarios.js'
import { inputHashes, inputHashOf, inputsOf } from '../dist/cli/suite/suite-inputs.js'
import { comparisonTables } from '../dist/observe/suite/comparison-tables.js'
import { filledPage } from '../dist/observe/suite/filled-page.js'
import { summariseSuite } from '../dist/observe/suite/summarise-suite.js'
import { sweepTables } from '../dist/observe/suite/sweep-tables.js'

const pathOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const results = pathOf('data/results/base.jsonl')
const sweepResults = pathOf('data/results/full.jsonl')
const page = pathOf('docs/COMPARISON.md')

if (!existsSync(results)) {
  console.error('There are no committed results: run `migrator compare --suite --seeds 10` first')
  process.exit(process.argv.includes('--check') ? 0 : 1)
}
const rows = rowsIn(readFileSync(results, 'utf8'), results)
const grid = { policies: null, brought: [] }
const hashes = inputHashes(readScenarios(undefined), [])
const isOld = rows.some((row) => row.inputHash !== inputHashOf(row, hashes))
if (isOld) console.error('Some rows were made by another version of the code, data or scenarios')
const inputs = isOld ? { ...inputsOf(hashes), code: 'older' } : inputsOf(hashes)
const result = summariseSuite(rows, { ...suiteDescription(grid, false), inputs })
const before = readFileSync(page, 'utf8')
const sweep = existsSync(sweepResults)
  ? rowsIn(readFileSync(sweepResults, 'utf8'), sweepResults)
  : []
const tables = { ...comparisonTables(result), ...sweepTables(sweep, result.reference) }
const after = filledPage(before, tables)
if (process.argv.includes('--check')) {
  // Hashes of the code change with every commit; the figures do not.
  const figures = (text) => text.replaceAll(/Code `\w+`, scenarios and data `\w+`\./g, '')
  if (figures(before) !== figures(after)) {
    console.error('docs/COMPARISON.md is not what data/results/base.jsonl says')
    process.exit(1)
  }
} else {
  writeFileSync(page, after)
}
