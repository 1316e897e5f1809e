// Measures the service tables that service-tables.json does not hold yet, and forgets those that no
// problem uses: `npm run build && node bench/planner/make-service-tables.mjs`. Takes some minutes
// from nothing; the same code gives the same tables.
import { writeFileSync } from 'node:fs'
import { makeProblem } from './make-problem.mjs'
import { problems } from './problems.mjs'
import { packedTables, tablesFile } from './service-tables.mjs'

for (const spec of problems) makeProblem(spec)
const text = Object.entries(packedTables()).map(([key, { loads, dispersion, sets }]) => {
  const rows = sets.map((set) => `      ${JSON.stringify(set)}`).join(',\n')
  const head = `"loads": ${JSON.stringify(loads)}, "dispersion": ${dispersion}`
  return `  ${JSON.stringify(key)}: {\n    ${head},\n    "sets": [\n${rows}\n    ]\n  }`
})
writeFileSync(tablesFile, `{\n${text.join(',\n')}\n}\n`)
