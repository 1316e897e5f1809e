import type { SuiteResult } from '../../observe/suite/suite-result.ts'
import type { SuiteRow } from '../../observe/suite/suite-row.ts'
import type { FilePolicy } from '../policy-file/load-policy-files.ts'
import { hashOfCode, hashOfFile, hashOfScenario, hashOfValue } from './input-hash.ts'
import type { Scenario } from './scenarios.ts'

/** Of everything that rows depend on beside what they say themselves. */
export type InputHashes = {
  readonly code: string
  /** By name: the scenario's text and every file that it names. */
  readonly scenarios: ReadonlyMap<string, string>
  /** By name: files of users' policies. */
  readonly policies: ReadonlyMap<string, string>
}

export function inputHashes(
  scenarios: readonly Scenario[],
  brought: readonly FilePolicy[],
): InputHashes {
  return {
    code: hashOfCode(),
    scenarios: new Map(scenarios.map((own) => [own.name, hashOfScenario(own)])),
    policies: new Map(brought.map(({ name, file }) => [name, hashOfFile(file)])),
  }
}

/** What a row is kept under: another hash is another row. */
export function inputHashOf(
  row: Pick<SuiteRow, 'kind' | 'scenario' | 'seed' | 'policy' | 'knobs' | 'budget'>,
  hashes: InputHashes,
): string {
  const { kind, scenario, seed, policy, knobs, budget } = row
  return hashOfValue({
    ...{ kind, scenario, seed, policy, knobs, budget },
    code: hashes.code,
    data: hashes.scenarios.get(scenario) ?? null,
    policyText: hashes.policies.get(policy) ?? null,
  })
}

export function inputsOf({ code, scenarios }: InputHashes): SuiteResult['inputs'] {
  return { code, scenarios: hashOfValue([...scenarios]) }
}
