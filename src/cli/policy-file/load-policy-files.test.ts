import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { randomProblem } from '../../../test/random-problem.ts'
import { siteOf } from '../../../test/site-of.ts'
import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import { checkPlan } from '../../core/plan/check.ts'
import { UsageError } from '../usage-error.ts'
import { loadPolicyFiles } from './load-policy-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'migrator-policy-'))
afterAll(() => rmSync(folder, { recursive: true }))

const problem = randomProblem(new Rng(4), { size: 'small', hasRunning: false })
const site = siteOf(problem)
let files = 0

/** A module of its own each time: modules are loaded once. */
function fileOf(text: string): string {
  files += 1
  const path = join(folder, `policy-${files}.mjs`)
  writeFileSync(path, text)
  return path
}

const shaped = (plan: string, name = 'mine') => `let asked = 0
  export default ({ kit }) => ({
    name: '${name}', describe: 'A test.', mechanism: 'mig', epochs: ['window-start'],
    information: { arrivals: 'forecast', retraining: 'forecast' }, planningSecondsMax: 0,
    plan(problem) { asked += 1; ${plan} },
  })`
const outcome = "status: 'feasible', objective: 0, work: { steps: 0, chargedSeconds: 0 }"

async function planOf(text: string) {
  const [own] = await loadPolicyFiles([fileOf(text)], site)
  return must(own).create({ site, solver: null, hindsight: null }).plan(problem)
}

test('a policy may use our kit, and plans legally with it', async () => {
  const plan = 'return kit.fixedLayoutOutcome(problem, "mine", kit.bestLayoutFor(problem, problem))'
  const made = await planOf(shaped(plan))
  expect(made.status).toBe('feasible')
  if (made.status === 'feasible') expect(checkPlan(problem, made.plan).kind).toBe('legal')
})

describe('what is wrong with a file is said of the file', () => {
  const legal = 'kit.fixedLayoutOutcome(problem, "mine", asked > 1 ? [] : kit.bestLayoutFor'
  test.each([
    ['it throws', shaped("throw new Error('out of ideas')"), /mine threw Error: out of ideas/],
    ['it charges', shaped(`return { ${outcome.replace('ds: 0', 'ds: 9')} }`), /charges 9 s/],
    ['no plan', shaped(`return { ${outcome}, plan: 7 }`), /something that is no plan/],
    ['a riddle', shaped(`return { ${outcome}, plan: { instances: [] } }`), /illegal|no plan/],
    ['nothing', shaped(''), /returned no outcome/],
    ['no reason', shaped(`return { ${outcome.replace('feasible', 'infeasible')} }`), /"reason"/],
    ['two plans', shaped(`return ${legal}(problem, problem))`), /deterministic/],
    ['a name of ours', shaped('', 'paris'), /there is a policy paris already/],
    ['no shape', 'export const createPolicy = () => ({ name: 3 })', /"name".*"plan" must be/],
    [
      'half a second',
      shaped('').replace(
        "'forecast', retraining",
        "'last-window', measuredSeconds: 0.5, retraining",
      ),
      /"measuredSeconds" of "information" must be a whole number/,
    ],
    ['a throw at once', 'export default () => { throw 1 }', /createPolicy threw: 1/],
    ['no export', 'export const policy = 3', /exports no function createPolicy/],
    ['no module', 'export const', /cannot be loaded: \w+Error/],
  ])('%s', async (_, text, message) => {
    const answer = planOf(text)
    await expect(answer).rejects.toThrow(UsageError)
    await expect(answer).rejects.toThrow(message)
    await expect(answer).rejects.toThrow(`policy-${files}.mjs`)
  })

  test('two files with one name', async () => {
    const twice = [fileOf(shaped('')), fileOf(shaped(''))]
    await expect(loadPolicyFiles(twice, site)).rejects.toThrow(/policy-\d+\.mjs: .*mine already/)
  })
})
