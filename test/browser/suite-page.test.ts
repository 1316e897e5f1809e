import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { suitePage } from '../../src/observe/report/suite-page.ts'
import { summariseSuite } from '../../src/observe/suite/summarise-suite.ts'
import { randomRow } from '../random-row.ts'
import { randomRun } from '../random-run.ts'
import { chromiumPath, launchChromium } from './chromium.ts'

const policies = ['migrator', 'ekya', 'astraea', 'paris', 'static-best', 'equal', 'mine-of-users']
const rows = ['cl-day', 'cl-bursty', 'flat <load>'].flatMap((scenario, s) =>
  [1, 2, 3].flatMap((seed) =>
    policies.map((policy, p) =>
      randomRow({ scenario, seed, policy, goodput: 0.85 - p / 20 + s / 40 + seed / 200 }),
    ),
  ),
)
const result = summariseSuite(rows, {
  reference: 'migrator',
  policies,
  isContinuousLearning: (name) => name.startsWith('cl-'),
  ablations: {},
  blindPlanner: 'migrator-blind-cold',
  inputs: { code: 'c', scenarios: 's' },
})
const gpus = [{ index: 0, title: 'GPU 0: A100-SXM4-80GB (simulated)', memorySlices: 8 }]
const html = suitePage(result, {
  scenario: 'cl-day',
  seed: 1,
  runs: ['migrator', 'ekya'].map((policy) => ({ run: randomRun(policy, 1), gpus })),
  windowSeconds: 200,
})

test('names cannot become markup, and nothing is asked for from elsewhere', () => {
  expect(html).not.toContain('flat <load>')
  expect(html).toContain('flat &lt;load&gt;')
  expect(html).not.toMatch(/(src|href)="|url\((?!#)|@import|<script/)
  expect(html).not.toMatch(/NaN|undefined|Infinity/)
})

describe.skipIf(chromiumPath === null)('in a browser (skipped where there is no Chromium)', () => {
  let browser: Browser
  const folder = mkdtempSync(join(tmpdir(), 'migrator-suite-page-'))
  const file = join(folder, 'report.html')

  beforeAll(async () => {
    browser = await launchChromium()
    writeFileSync(file, html)
  })

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  test.each([1280, 700])('the page fits %i pixels, and every chart is drawn', async (width) => {
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    const troubles: string[] = []
    page.on('console', (message) => troubles.push(message.text()))
    page.on('pageerror', (error) => troubles.push(error.message))
    await page.goto(pathToFileURL(file).href)
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )
    expect(overflow).toBeLessThanOrEqual(0)
    expect(troubles).toEqual([])
    expect(await page.locator('.charts svg').count()).toBe(3)
    expect(await page.locator('svg[aria-label*="layout over time"]').count()).toBe(2)
    for (const heading of ['Gain of migrator', 'Capacity lost', 'Latency', 'One run: cl-day']) {
      expect(await page.locator('h2', { hasText: heading }).count(), heading).toBe(1)
    }
    const beyond = await page.evaluate(textsOutside)
    expect(beyond).toEqual([])
    await page.close()
  })
})

/** Words of a chart that lie outside it would be cut off. */
const textsOutside = `[...document.querySelectorAll('main svg text')].flatMap((text) => {
  const own = text.getBoundingClientRect()
  const chart = text.ownerSVGElement.getBoundingClientRect()
  const isInside = own.left >= chart.left - 1 && own.right <= chart.right + 1
  return isInside ? [] : [text.textContent]
})`
