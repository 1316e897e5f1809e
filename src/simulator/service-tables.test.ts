import { expect, test } from 'vitest'
import { literalSite, readLiteral } from '../../test/literal-site.ts'
import { must } from '../base/assert.ts'
import { resolveSite } from '../config/resolve-site.ts'
import { inTimeRps } from '../core/workload/service-table.ts'
import { serviceTables } from './service-tables.ts'

/** On a whole GPU alone, so that there is one set to measure. */
const wholeGpu = literalSite.replace('a100-80gb', 'a100-80gb\n    profiles: [7g.80gb]')
const clumped = wholeGpu.replace('period: 150s}', 'period: 150s, gapCv: 4}')

function tableOf(text: string, tenant: number) {
  const site = resolveSite({ text, sourceName: 'site.yaml', readFile: readLiteral() })
  return must(serviceTables(site)[tenant])
}

test('a tenant whose requests come in clumps has a table measured with them', () => {
  const smooth = tableOf(wholeGpu, 0)
  const clumps = tableOf(clumped, 0)
  const { capacityRps } = must(smooth.sets[0])
  const answered = (table: typeof smooth) => inTimeRps(table, [1], capacityRps, 1)
  expect(clumps.dispersion).toBe(16)
  expect(answered(clumps)).toBeLessThan(0.97 * answered(smooth))
})

test('what is recorded is measured as Poisson', () => {
  expect(tableOf(clumped, 1).dispersion).toBe(1)
})
