import { readFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/**
 * Ends a whole run with the line `N passed, N failed` (and `, N skipped`), and fails it when fewer
 * tests ran than `test/minimum-tests.txt` commits to: a glob that matches nothing must not be green.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let failed = errors.length
    let skipped = 0
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) failed += 1
      for (const test of module.children.allTests()) {
        const state = test.result().state
        if (state === 'passed') passed += 1
        else if (state === 'skipped') skipped += 1
        else failed += 1
      }
    }
    const isWholeRun =
      process.env['MIGRATOR_TEST_PART'] === undefined && !process.argv.includes('-t')
    const minimum = Number(readFileSync(new URL('./minimum-tests.txt', import.meta.url), 'utf8'))
    const hasFilter = process.argv.slice(2).some((word) => word !== 'run' && !word.startsWith('-'))
    if (isWholeRun && !hasFilter && passed + failed < minimum) {
      console.log(`Only ${passed + failed} tests ran; at least ${minimum} are expected`)
      failed += 1
      process.exitCode = 1
    }
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  }
}
