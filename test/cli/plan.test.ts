import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'migrator-plan-'))
const defaultSite = readFileSync(new URL('../../data/sites/default.yaml', import.meta.url), 'utf8')
const shortSite = defaultSite.replace(/duration: \S+/, 'duration: 400s')

writeFileSync(join(folder, 'site.yaml'), shortSite)

afterAll(() => rmSync(folder, { recursive: true }))

const run = (...words: string[]) => runCli(words, { cwd: folder })

/** On a busy machine a second may be no second of work. */
const patient = ['--seconds', '60']

describe('plan', () => {
  test('draws the timeline for people', () => {
    const { code, stdout } = run('plan', '-f', 'site.yaml', '-p', 'static-best', '-w', '1')
    expect(code).toBe(0)
    expect(stdout).toMatch(/slice {2}0 {2}[A-Ca-c1-3.]{80}/)
    expect(stdout).toContain('expected Goodput')
  })
})

describe('plan --explain and --lp', () => {
  test('says who gains by each change, the runner-up, the limits and what tenants may expect', () => {
    const { code, stdout, stderr } = run('plan', '-f', 'site.yaml', '--explain', ...patient)
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('doing nothing: objective')
    expect(stdout).toContain('the best layout that never changes: objective')
    expect(stdout).toMatch(/Changes of the layout, each beside leaving it out\n {2}- \d+ s: .+/)
    expect(stdout).toMatch(/worth [+−][\d.]+ points by \d+ s: \w+ [+−]/)
    expect(stdout).toMatch(/- runner-up, .*: objective 0\.\d{5}; this plan has [+−]/)
    expect(stdout).toMatch(/What limits this plan\n {2}- /)
    expect(stdout).toMatch(/- vision: [\d.]+ % of [\d ]+ requests in time/)
  })

  test('all of it is data in JSON: plan, proof, explanation, and how planning went', () => {
    const words = ['plan', '-f', 'site.yaml', '--explain', ...patient, '-o', 'json']
    const { code, stdout, stderr } = run(...words)
    expect(code, stderr).toBe(0)
    const { status, objective, bound, gap, plan, planning, explanation } = JSON.parse(stdout)
    expect(['optimal', 'feasible']).toContain(status)
    expect(bound).toBeGreaterThanOrEqual(objective - 1e-9)
    expect(gap).toBeGreaterThanOrEqual(0)
    expect(plan.instances.length).toBeGreaterThan(0)
    expect(planning).toMatchObject({ ended: 'done', faults: [], secondsMax: 60 })
    expect(planning.seconds).toBeLessThan(60)
    expect(explanation.objective).toBeCloseTo(objective, 9)
    expect(explanation.alternatives.map(({ name }: { name: string }) => name).sort()).toEqual([
      'keep-layout',
      'static-best',
    ])
    expect(explanation.tenants).toHaveLength(3)
  })

  test("the window's integer program is written as LP text", () => {
    const words = ['plan', '-f', 'site.yaml', '-p', 'equal', '--lp', 'window.lp', '--lp-step', '20']
    const { code, stdout, stderr } = run(...words)
    expect([code, stdout], stderr).toEqual([0, ''])
    const text = readFileSync(join(folder, 'window.lp'), 'utf8')
    for (const head of ['Maximize', 'Subject To', 'Bounds', 'Binaries', 'End']) {
      expect(text).toMatch(new RegExp(`^${head}$`, 'm'))
    }
    expect(text).toMatch(/serve_vision_t0_/)
  })

  test('a step that is no whole number of slots is refused', () => {
    const { code, stderr } = run('plan', '-f', 'site.yaml', '--lp', '-', '--lp-step', '0.5')
    expect(code).toBe(64)
    expect(stderr).toContain('whole slots of 1 s')
  })
})

describe('plan by the clock', () => {
  test('however little time there is, the answer is a plan', () => {
    const { code, stdout, stderr } = run('plan', '-f', 'site.yaml', '--seconds', '0.001')
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('of 0.001 s')
    expect(stdout).not.toContain('Why this plan')
  })

  test.each([
    [['--seconds', '0'], /above 0, up to 3600/],
    [['--seconds', 'soon'], /above 0, up to 3600/],
    [['--seconds', '2', '-p', 'equal'], /--seconds is for policy migrator/],
  ])('%j is refused with code 64', (words, message) => {
    const { code, stdout, stderr } = run('plan', '-f', 'site.yaml', ...words)
    expect([code, stdout]).toEqual([64, ''])
    expect(stderr).toMatch(message)
  })
})

describe('plan by MPS', () => {
  test('has a worth, a timeline and an explanation, as one by MIG', () => {
    const { code, stdout } = run('plan', '-f', 'site.yaml', '-p', 'equal-mps', '--explain')
    expect(code).toBe(0)
    expect(stdout).toMatch(/\d+ % {2}[a-c]*A{40}/)
    expect(stdout).toMatch(/vision +\d+\.\d % +\d+\.\d %/)
    expect(stdout).toContain('doing nothing: objective')
  })
})

describe('floors that no plan can keep', () => {
  const withFloor = (floor: number) =>
    shortSite.replaceAll(/( {2}- name: (vision|language|mobile))\n/g, (_, name: string) => {
      return `${name}\n    sloAttainmentMin: ${floor}\n`
    })
  writeFileSync(join(folder, 'floors.yaml'), withFloor(0.999))

  test('exit code 3, which tenants miss which limit, and what would do', () => {
    const { code, stdout } = run('plan', '-f', 'floors.yaml', '-p', 'migrator-ilp')
    expect(code).toBe(3)
    expect(stdout).toMatch(/infeasible: .*mobile \d+(\.\d)? % of the 99.9 % asked for/)
    expect(stdout).toContain('(sloAttainmentMin) lowered to what it gives, there is a plan')
  })

  test('a program reads the reason', () => {
    const { code, stdout } = run('plan', '-f', 'floors.yaml', ...patient, '-o', 'json')
    expect(code).toBe(3)
    const { status, plan, objective, reason } = JSON.parse(stdout)
    expect([status, plan, objective]).toEqual(['infeasible', null, null])
    expect(reason).toMatch(/mobile \d+(\.\d)? % of the 99.9 % asked for/)
  })
})
