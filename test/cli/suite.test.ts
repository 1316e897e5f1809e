import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'migrator-suite-'))
afterAll(() => rmSync(folder, { recursive: true }))

const run = (...words: string[]) => runCli(words, { cwd: folder })
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return `./${name}`
}
/** One model, few requests: the scenario that is soonest done. */
const small = ['compare', '--suite', '--scenarios', 'paris-home', '--seeds', '2']

const page = readFileSync(new URL('../../docs/WRITING-A-POLICY.md', import.meta.url), 'utf8')
const example = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? ''

describe('compare --suite', () => {
  const words = [...small, '-p', 'paris,equal', '-o', 'json', '--results', 'rows.jsonl']
  const first = run(...words)

  test('prints scenarios, policies, bounds and gains', () => {
    expect(first.code, first.stderr).toBe(0)
    const { scenarios, gains, reference, budget } = JSON.parse(first.stdout)
    expect(reference).toBe('paris')
    expect(scenarios).toHaveLength(1)
    const [{ name, policies, bounds }] = scenarios
    expect(name).toBe('paris-home')
    expect(Object.keys(policies)).toEqual(['paris', 'equal'])
    expect(policies.equal).toMatchObject({
      goodput: { mean: expect.any(Number), low: expect.any(Number), high: expect.any(Number) },
      sloAttainment: expect.any(Number),
      accuracy: expect.any(Number),
      pairedDifference: { mean: expect.any(Number) },
    })
    expect(bounds.mig.mean).toBeGreaterThanOrEqual(policies.paris.goodput.mean)
    expect(gains).toMatchObject([{ over: 'equal', continuousLearning: null }])
    expect(budget).toMatchObject({ plannerWork: 4200, runs: 4 })
  })

  test('goes on from what it kept, to the same bytes', () => {
    const path = join(folder, 'rows.jsonl')
    const rows = readFileSync(path, 'utf8')
    expect(rows.trim().split('\n')).toHaveLength(4)
    writeFileSync(path, rows.slice(0, rows.length / 2))
    const again = run(...words)
    expect(again.stderr).toMatch(/4 rows, [12] of them found/)
    expect(again.stdout).toBe(first.stdout)
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    expect(lines.sort()).toEqual(rows.trim().split('\n').sort())
  })

  test('prints tables of at most 120 columns for people', () => {
    const { stdout } = run(...words.map((word) => (word === 'json' ? 'table' : word)))
    expect(stdout).toMatch(/^paris-home +\d/m)
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(120)
  })
})

describe('a policy in a file', () => {
  test('the example of the docs runs beside ours, in the suite and on a site', () => {
    expect(example.split('\n').length).toBeLessThan(60)
    const path = file('cautious.js', example)
    const { code, stdout, stderr } = run(...small, '-p', 'equal', '--policy', path, '-o', 'json')
    expect(code, stderr).toBe(0)
    const { policies } = JSON.parse(stdout).scenarios[0]
    expect(policies.cautious.goodput.mean).toBeGreaterThan(0.5)
    const site = new URL('../../data/scenarios/paris-home.yaml', import.meta.url).pathname
    const own = run('compare', '-f', site, '-s', '1', '-p', 'cautious', '--policy', path)
    expect(own.code, own.stderr).toBe(0)
    expect(own.stdout).toMatch(/^cautious +\d/m)
  }, 300_000)

  test('one that throws is told of by its file, after what was done before it is kept', () => {
    const path = file(
      'throws.mjs',
      `export default () => ({
        name: 'mine', describe: 'A test.', mechanism: 'mig', epochs: ['window-start'],
        information: { arrivals: 'forecast', retraining: 'forecast' }, planningSecondsMax: 0,
        plan() { throw new Error('out of ideas') },
      })`,
    )
    const words = ['-p', 'equal', '--policy', path, '--workers', '1', '--results', 'kept.jsonl']
    const { code, stdout, stderr } = run(...small, ...words)
    expect(code, stderr).toBe(64)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/\.\/throws\.mjs: policy mine threw Error: out of ideas.*at 0 s/)
    expect(stderr).not.toContain('bug of ours')
    expect(readFileSync(join(folder, 'kept.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1)
  })

  test('one that does not exist is told of', () => {
    const { code, stderr } = run(...small, '--policy', './nowhere.js')
    expect(code).toBe(64)
    expect(stderr).toContain('./nowhere.js: it cannot be loaded')
  })
})

describe('what cannot be meant', () => {
  test.each([
    [['compare', '--full'], /--full goes with --suite only/],
    [['compare', '--suite', '-f', 'site.yaml'], /--suite has its own sites/],
    [['compare', '--suite', '--scenarios', 'nirvana'], /Unknown scenario "nirvana".*cl-day/],
    [['compare', '--suite', '-p', 'wishful'], /Unknown policy "wishful"/],
  ])('%j is refused with code 64', (words, message) => {
    const { code, stderr, stdout } = run(...words)
    expect(code).toBe(64)
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
  })
})
