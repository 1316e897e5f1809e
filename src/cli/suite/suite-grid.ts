import type { SuiteBudget, SuiteKnobs, SuiteRow } from '../../observe/suite/suite-row.ts'

/** What is to be run, before anything is hashed or grouped. */
export type GridEntry = {
  readonly kind: SuiteRow['kind']
  readonly scenario: string
  readonly seed: number
  readonly policy: string
  readonly knobs: SuiteKnobs
  readonly budget: SuiteBudget
  /** Entries of a lower stage are run first, over all scenarios. */
  readonly stage: number
}

export type GridOptions = {
  readonly scenarios: readonly string[]
  readonly seeds: readonly number[]
  /** Instead of the grid's own; its extra rows are left out then. */
  readonly policies: readonly string[] | null
  /** Beside the grid's own or those asked for: policies in users' files. */
  readonly brought: readonly string[]
}

export const referencePolicy = 'migrator'

/** Every scenario, every seed. The first is what the others are paired with. */
const basePolicies = [
  referencePolicy,
  'ekya',
  'astraea',
  'paris',
  'static-best',
  'ekya-make-first',
  'static-best-window',
  'equal',
  'reactive',
]

/**
 * Work per plan in the base grid: 0.3 of the sites' 14 000 (planner/solver), which the path
 * planner counts as 0.3e8 steps with one GPU (policies/migrator.ts). Nothing else plans by it.
 */
const baseBudget: SuiteBudget = { plannerWork: 4_200 }
const fullBudget: SuiteBudget = { plannerWork: null }

/** Seeds of the extra rows: these have no interval of their own to narrow. */
const ablationSeeds = 2
const overheadSeeds = 2
const peakSeeds = 2

/** Flat load, or nearly: where a peak load is what a policy is about. */
const peakScenarios = ['paris-home', 'astraea-home', 'flat-load']
const peakPolicies = [referencePolicy, 'ekya', 'astraea', 'paris', 'static-best', 'equal']

/** Blind to the overhead of reconfiguration, its plans carried out cold. */
export const blindPlanner = 'migrator-blind-cold'

/** Where a gain comes from: the same planner without one thing. */
export const ablations = {
  arrivals: { policy: referencePolicy, knobs: { arrivals: 'last-window' } },
  retraining: { policy: referencePolicy, knobs: { isRetrainingOff: true } },
  preInitialization: { policy: blindPlanner, knobs: {} },
} as const satisfies Record<string, { policy: string; knobs: SuiteKnobs }>

const overheadPlanners = [referencePolicy, blindPlanner]

export function isContinuousLearning(scenario: string): boolean {
  return scenario.startsWith('cl-')
}

/** The policies that stand beside each other in a grid's result, the reference first. */
export function comparedPolicies(
  { policies, brought }: Pick<GridOptions, 'policies' | 'brought'>,
  isFull: boolean,
): readonly string[] {
  const own = isFull ? [...basePolicies, ...variants] : basePolicies
  return [...new Set([...(policies ?? own), ...brought])]
}

/** All policies at default costs, and the extra rows: ablations, overhead, peak loads. */
export function baseGrid(options: GridOptions): readonly GridEntry[] {
  const { scenarios, seeds, policies, brought } = options
  const named = comparedPolicies({ policies, brought }, false)
  const runs = scenarios.flatMap((scenario) =>
    seeds.flatMap((seed) => named.map((policy) => entry('run', { scenario, seed, policy }))),
  )
  return policies === null ? [...runs, ...extraRows(options)] : runs
}

function extraRows({ scenarios, seeds }: GridOptions): readonly GridEntry[] {
  const learning = scenarios.filter(isContinuousLearning)
  const without = learning.flatMap((scenario) =>
    seeds
      .slice(0, ablationSeeds)
      .flatMap((seed) =>
        Object.values(ablations).map(({ policy, knobs }) =>
          entry('run', { scenario, seed, policy, knobs }),
        ),
      ),
  )
  const overhead = learning.flatMap((scenario) =>
    seeds
      .slice(0, overheadSeeds)
      .flatMap((seed) =>
        overheadPlanners.map((policy) => entry('overhead', { scenario, seed, policy })),
      ),
  )
  const peaks = scenarios
    .filter((scenario) => peakScenarios.includes(scenario))
    .flatMap((scenario) =>
      seeds
        .slice(0, peakSeeds)
        .flatMap((seed) =>
          peakPolicies.map((policy) => entry('peak-load', { scenario, seed, policy })),
        ),
    )
  return [...without, ...overhead, ...peaks]
}

/** Seconds of a cold change; strength of drift, beside the scenario's own (left out here). */
const axes = { reconfigurationSeconds: [0, 1, 6, 30], driftScale: [0.5, 2] } as const

/** What a policy knows of arrivals, and by how much its forecast is wrong. */
const knowledge: readonly SuiteKnobs[] = [
  {},
  { arrivals: 'last-window' },
  { arrivals: 'forecast', forecastError: 0.3 },
  { arrivals: 'forecast', forecastError: 0.6 },
  { arrivals: 'truth' },
]

/** Rows that answer what isolation, a forecast or a handover is worth to a baseline. */
const variants = [
  ...['ekya-mig', 'ekya-forecast', 'astraea-mig', 'astraea-make-first', 'paris-window'],
  ...['paris-forecast', 'equal-mps', 'time-sliced', 'no-retraining', 'retrain-when-idle'],
  'reactive-make-first',
  ...['migrator-blind-cold', 'migrator-blind-preinit', 'migrator-ilp'],
]
const sweptPolicies = [referencePolicy, 'ekya', 'astraea', 'paris', 'static-best', 'reactive']
/** Oracles that hold the whole run in hand cannot be told less. */
const oracles = ['static-best', 'static-best-window']

/**
 * Every policy everywhere at default costs, with all the work that sites allow a plan; then, where
 * there is continuous learning, the cost of a change by what is known, then all axes crossed. Seed
 * by seed, so that what is done at any moment is a sweep that can be read.
 */
export function fullGrid(options: GridOptions): readonly GridEntry[] {
  const { scenarios, seeds, policies, brought } = options
  const all = comparedPolicies({ policies, brought }, true)
  const swept = [...new Set([...(policies ?? sweptPolicies), ...brought])]
  const crossed = swept.flatMap((policy) =>
    crossedKnobs(policy).map((knobs) => ({ policy, knobs })),
  )
  return seeds.flatMap((seed, index) => [
    ...scenarios.flatMap((scenario) =>
      all.map((policy) => ({
        ...entry('run', { scenario, seed, policy }),
        budget: fullBudget,
        stage: 3 * index,
      })),
    ),
    ...scenarios.filter(isContinuousLearning).flatMap((scenario) =>
      crossed.map(({ policy, knobs }) => ({
        ...entry('run', { scenario, seed, policy, knobs }),
        stage: 3 * index + (knobs.driftScale === undefined ? 1 : 2),
      })),
    ),
  ])
}

/** Every combination; a knob left as the scenario has it is absent. */
function crossedKnobs(policy: string): readonly SuiteKnobs[] {
  const known = oracles.includes(policy) ? [{}] : knowledge
  return axes.reconfigurationSeconds.flatMap((reconfigurationSeconds) =>
    [undefined, ...axes.driftScale].flatMap((driftScale) =>
      known.map((told) => ({
        reconfigurationSeconds,
        ...(driftScale === undefined ? {} : { driftScale }),
        ...told,
      })),
    ),
  )
}

function entry(
  kind: SuiteRow['kind'],
  of: Pick<GridEntry, 'scenario' | 'seed' | 'policy'> & { readonly knobs?: SuiteKnobs },
): GridEntry {
  return { kind, ...of, knobs: of.knobs ?? {}, budget: baseBudget, stage: 0 }
}
