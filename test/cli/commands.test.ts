import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'migrator-cli-'))
const defaultSite = readFileSync(new URL('../../data/sites/default.yaml', import.meta.url), 'utf8')
const shortSite = defaultSite.replace(/duration: \S+/, 'duration: 400s')

writeFileSync(join(folder, 'site.yaml'), shortSite)

afterAll(() => rmSync(folder, { recursive: true }))

const run = (...words: string[]) => runCli(words, { cwd: folder })

test('the short site differs from the default one', () => {
  expect(shortSite).not.toBe(defaultSite)
})

describe('compare', () => {
  const words = [
    'compare',
    '-f',
    'site.yaml',
    '-p',
    'migrator,static-best',
    '-s',
    '2',
    '-o',
    'json',
  ]
  const first = run(...words, '--report', 'first.html')

  test('prints one JSON object on stdout and nothing else', () => {
    expect(first.code, first.stderr).toBe(0)
    const result = JSON.parse(first.stdout)
    expect(Object.keys(result.policies)).toEqual(['migrator', 'static-best'])
    for (const summary of Object.values<Record<string, unknown>>(result.policies)) {
      expect(summary).toMatchObject({
        goodput: { mean: expect.any(Number), low: expect.any(Number), high: expect.any(Number) },
        sloAttainment: expect.any(Number),
        accuracy: expect.any(Number),
        lost: expect.any(Number),
        reconfigurations: expect.any(Number),
      })
    }
    expect(result.seeds).toEqual([1, 2])
    expect(result.runs).toHaveLength(4)
    expect(result.site).toBe('one A100, three tenants')
  })

  test('the same seeds give the same bytes, on however many threads', () => {
    const again = run(...words, '--report', 'second.html', '--workers', '1')
    expect(again.stdout).toBe(first.stdout)
    const pages = ['first.html', 'second.html'].map((name) => readFileSync(join(folder, name)))
    expect(pages[0]?.equals(pages[1] ?? Buffer.of())).toBe(true)
  })

  test('Goodput is SLO attainment x accuracy, for every tenant of every run', () => {
    for (const { tenants } of JSON.parse(first.stdout).runs) {
      for (const { goodput, sloAttainment, accuracy } of tenants) {
        expect(goodput).toBeCloseTo(sloAttainment * accuracy, 12)
      }
    }
  })

  test('every request that arrived is accounted for', () => {
    for (const { tenants } of JSON.parse(first.stdout).runs) {
      for (const { arrived, inTime, late, shed, failed, lost } of tenants) {
        expect(inTime + late + shed + failed + lost).toBe(arrived)
      }
    }
  })
})

describe('simulate and init', () => {
  test('init writes a site that simulate accepts, and overwrites nothing unasked', () => {
    expect(run('init', 'mine.yaml').code).toBe(0)
    const simulated = run('simulate', '-f', 'mine.yaml', '-p', 'equal', '-o', 'yaml')
    expect(simulated.code, simulated.stderr).toBe(0)
    expect(simulated.stdout).toContain('goodput:')
    const again = run('init', 'mine.yaml')
    expect(again.code).toBe(64)
    expect(again.stderr).toContain('--force')
  })

  test('a site file can come from stdin', () => {
    const words = ['simulate', '-f', '-', '-p', 'equal', '-o', 'json']
    const { code, stdout, stderr } = runCli(words, { cwd: folder, input: shortSite })
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout).policy).toBe('equal')
  })
})

describe('what cannot be meant', () => {
  const bad = (edit: (text: string) => string) => {
    writeFileSync(join(folder, 'bad.yaml'), edit(shortSite))
    return run('compare', '-f', 'bad.yaml', '--report', 'bad.html')
  }

  test.each([
    ['an unknown key', (text: string) => `${text}\nspeed: 3\n`, /bad\.yaml:\d+:\d+.*speed/],
    ['a wrong type', (text: string) => text.replace('window: 200s', 'window: [1]'), /window/],
    ['a negative rate', (text: string) => text.replace('mean: 700/s', 'mean: -700/s'), /mean/],
    ['NaN', (text: string) => text.replace('truthSpread: 0.1', 'truthSpread: .nan'), /truthSpread/],
    [
      'an unknown model',
      (text: string) => text.replace('model: resnet50', 'model: resnet5'),
      /resnet50/,
    ],
    ['an unknown policy', (text: string) => `${text}\npolicy: wishful\n`, /wishful/],
  ])('%s ends with code 64 and one message', (_, edit, message) => {
    const answer = bad(edit)
    expect(answer.code).toBe(64)
    expect(answer.stdout).toBe('')
    expect(answer.stderr).toMatch(message)
    expect(answer.stderr.trim().split('\n')).toHaveLength(1)
    expect(readdirSync(folder).filter((name) => name.startsWith('bad.html'))).toEqual([])
  })

  test('an SLO that no instance meets ends with code 3, the tenant and the nearest that would do', () => {
    const answer = bad((text) => text.replace('slo: 100ms', 'slo: 1ms'))
    expect(answer.code).toBe(3)
    expect(answer.stderr).toMatch(/vision.*nearest feasible SLO is [\d.]+ms/)
  })

  test.each([
    [['compare', '--seeds', 'x'], /--seeds "x".*count/],
    [['compare', '--seeds', '0'], /1 to 1000/],
    [['compare', '-p', 'wishful'], /static-best/],
    [['plan', '--window', '99'], /0 to 5/],
    [['simulate', '--seed', '-1'], /--seed/],
    [['simulate', '-f', 'nowhere.yaml'], /no such file/],
    [['wish'], /unknown command/],
    [['compare', '--wish'], /unknown option/],
  ])('%j is refused with code 64', (words, message) => {
    const answer = run(...words)
    expect(answer.code).toBe(64)
    expect(answer.stderr).toMatch(message)
    expect(answer.stdout).toBe('')
  })
})

test('--help of every command ends with an example', () => {
  for (const command of ['init', 'simulate', 'compare', 'plan']) {
    const { code, stdout } = run(command, '--help')
    expect(code).toBe(0)
    expect(stdout).toMatch(/Example:\n {2}migrator /)
  }
})
