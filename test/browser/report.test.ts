import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareRuns } from '../../src/observe/comparison.ts'
import { reportPage } from '../../src/observe/report/page.ts'
import { randomRun } from '../random-run.ts'
import { chromiumPath, launchChromium } from './chromium.ts'

const seeds = [1, 2, 3]
const policies = ['migrator', 'static-best', 'equal']
const runs = policies.flatMap((policy) => seeds.map((seed) => randomRun(policy, seed)))
const html = reportPage({
  comparison: compareRuns({ site: 'a <site>', seeds, runs, reference: 'migrator' }),
  runs,
  gpus: [{ index: 0, title: 'GPU 0: A100-SXM4-80GB (simulated)', memorySlices: 8 }],
  windowSeconds: 200,
  provenance: ['Arrivals: made up for this test.'],
})

test('names from a site file cannot become markup', () => {
  expect(html).not.toContain('beta <b>')
  expect(html).toContain('beta &lt;b&gt;')
  expect(html).not.toContain('a <site>')
})

test('the page asks for nothing from elsewhere', () => {
  expect(html).not.toMatch(/(src|href)="|url\((?!#)|@import|<script/)
})

describe.skipIf(chromiumPath === null)('in a browser (skipped where there is no Chromium)', () => {
  let browser: Browser
  let page: Page
  const requests: string[] = []
  const troubles: string[] = []
  const folder = mkdtempSync(join(tmpdir(), 'migrator-report-'))

  beforeAll(async () => {
    browser = await launchChromium()
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => troubles.push(message.text()))
    page.on('pageerror', (error) => troubles.push(error.message))
    const file = join(folder, 'report.html')
    writeFileSync(file, html)
    await page.goto(pathToFileURL(file).href)
  })

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  test('the page opens from disk, without any other request and without complaints', () => {
    expect(requests).toHaveLength(1)
    expect(troubles).toEqual([])
  })

  test('one policy is shown at a time, and its tab brings another', async () => {
    expect(await page.locator('section:visible').count()).toBe(1)
    await page.locator('label', { hasText: 'equal' }).click()
    expect(await page.locator('#policy-2').isVisible()).toBe(true)
    expect(await page.locator('#policy-0').isVisible()).toBe(false)
  })

  test('the timeline names every box, and the page does not overflow sideways', async () => {
    const titles = await page.locator('#policy-2 g title').allTextContents()
    expect(titles.some((title) => title.includes('beta <b>, retraining'))).toBe(true)
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    )
    expect(overflow).toBeLessThanOrEqual(0)
  })

  test('a picture for people who look', async () => {
    const picture = await page.screenshot({ fullPage: true })
    expect(picture.byteLength).toBeGreaterThan(20_000)
    const path = process.env['MIGRATOR_SCREENSHOT']
    if (path !== undefined) writeFileSync(path, picture)
  })
})
