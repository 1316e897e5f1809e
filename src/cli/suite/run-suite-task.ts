import { must } from '../../base/assert.ts'
import { siteUnder } from '../../core/mps/share-site.ts'
import type { Policy } from '../../core/policy.ts'
import type { Site } from '../../core/site.ts'
import { type SiteKnobs, withKnobs } from '../../core/site-knobs.ts'
import type { RunResult } from '../../observe/run-result.ts'
import { runRow } from '../../observe/suite/run-row.ts'
import type { SuiteBudget, SuiteKnobs, SuiteRow } from '../../observe/suite/suite-row.ts'
import { preInitialise } from '../../planner/pre-initialise.ts'
import type { Solver } from '../../planner/solver.ts'
import { compareOverhead } from '../../simulator/reconfiguration-overhead.ts'
import { simulate } from '../../simulator/run.ts'
import { serviceTables } from '../../simulator/service-tables.ts'
import { makePolicy } from '../make-policy.ts'
import type { FilePolicy } from '../policy-file/load-policy-files.ts'
import { findPeakLoad } from './peak-load.ts'
import type { SuiteTask } from './suite-task.ts'

/** What a thread keeps of a scenario: its site and the sites that knobs make of it. */
export type SuiteLab = {
  readonly site: Site
  readonly solver: Solver
  readonly brought: readonly FilePolicy[]
  /** Of the last few runs' knobs, so that policies of one seed share truth and bounds. */
  readonly turned: Map<string, Site>
}

/** Makes one row: the same task gives the same row. */
export function runSuiteTask(lab: SuiteLab, task: SuiteTask): SuiteRow {
  switch (task.kind) {
    case 'run':
      return runTask(lab, task)
    case 'overhead':
      return overheadTask(lab, task)
    case 'peak-load':
      return peakLoadTask(lab, task)
  }
}

export type TaskRun = {
  readonly result: RunResult
  readonly site: Site
  /** As the policy's mechanism has it. */
  readonly shownSite: Site
  readonly policy: Policy
  readonly steps: readonly number[]
}

/** The run behind a row, with all its figures. */
export function simulateTask(lab: SuiteLab, task: SuiteTask): TaskRun {
  const site = siteOf(lab, task.knobs, task.budget)
  const policy = policyOf(lab, site, task)
  const { counted, steps } = withCountedSteps(policy)
  const result = simulate({ site, policy: counted, seed: task.seed, services: servicesOf(lab) })
  return { result, site, shownSite: siteUnder(policy.mechanism, site), policy, steps }
}

function runTask(lab: SuiteLab, task: SuiteTask): SuiteRow {
  const { result, site, policy, steps } = simulateTask(lab, task)
  const { kind: _, ...key } = task
  const told = { mechanism: policy.mechanism, toldArrivals: policy.information.arrivals }
  return runRow({ ...key, ...told }, { result, site, steps })
}

function overheadTask(lab: SuiteLab, task: SuiteTask): SuiteRow {
  const { kind: _, ...key } = task
  const { knobs, budget, seed } = task
  const site = siteOf(lab, knobs, budget)
  const run = { site, seed, services: servicesOf(lab) }
  const planner = policyOf(lab, site, task)
  const { cold, preInitialised } = compareOverhead(run, planner, preInitialise)
  return { kind: 'overhead', ...key, cold, preInitialised }
}

function peakLoadTask(lab: SuiteLab, task: SuiteTask): SuiteRow {
  const { kind: _, ...key } = task
  const { windowSeconds } = lab.site
  const peak = findPeakLoad((loadScale) => {
    const knobs = { ...task.knobs, loadScale, ...steady, durationSeconds: windowSeconds }
    const site = turnedSite(lab, knobs, task.budget)
    const policy = policyOf(lab, site, task)
    return simulate({ site, policy, seed: task.seed, services: servicesOf(lab) })
  })
  return { kind: 'peak-load', ...key, ...peak }
}

const steady = { isLoadSteady: true, isRetrainingOff: true } as const satisfies SiteKnobs

/** No knob changes what an instance answers in time. */
function servicesOf({ site }: SuiteLab) {
  return serviceTables(site)
}

function siteOf(lab: SuiteLab, knobs: SuiteKnobs, budget: SuiteBudget): Site {
  const key = JSON.stringify([knobs, budget])
  const known = lab.turned.get(key)
  if (known !== undefined) return known
  const made = turnedSite(lab, knobs, budget)
  lab.turned.set(key, made)
  return made
}

function turnedSite({ site }: SuiteLab, knobs: SuiteKnobs, budget: SuiteBudget): Site {
  const { arrivals: _, ...ofSite } = knobs
  const turned = withKnobs(site, ofSite)
  if (budget.plannerWork === null) return turned
  const workMax = Math.min(turned.planner.workMax, budget.plannerWork)
  return { ...turned, planner: { ...turned.planner, workMax } }
}

function policyOf(lab: SuiteLab, site: Site, { policy: name, seed, knobs }: SuiteTask): Policy {
  const services = servicesOf(lab)
  const { solver, brought } = lab
  const policy = makePolicy(name, { site, seed, services, solver, brought })
  if (knobs.arrivals === undefined) return policy
  return { ...policy, information: { ...policy.information, arrivals: knobs.arrivals } }
}

/** Steps of each plan, as the policy counted them. */
function withCountedSteps(policy: Policy): { readonly counted: Policy; readonly steps: number[] } {
  const steps: number[] = []
  const counted: Policy = {
    ...policy,
    plan: (problem) => {
      const outcome = policy.plan(problem)
      steps.push(must(outcome.work).steps)
      return outcome
    },
  }
  return { counted, steps }
}
