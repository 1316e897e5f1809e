import { must } from '../../base/assert.ts'
import type { Rng } from '../../base/rng.ts'
import { anneal } from './anneal.ts'

/** One microservice of a pipeline, on instances of some size (per cent of a GPU, or slices). */
export type Stage = {
  /** Requests per second of one instance. */
  readonly throughputRps: (size: number) => number
  readonly durationSeconds: (size: number) => number
  /** Share of one GPU's memory bandwidth that one instance takes; 0 where no figure is known. */
  readonly bandwidthShare: (size: number) => number
  /** Of one instance; 0 where no figure is known. */
  readonly memoryMiB: number
}

/** Stages that every request passes one after the other, within a time. */
export type Pipeline = {
  readonly stages: readonly Stage[]
  readonly qosSeconds: number
  /** Time between stages: about none for neighbours on one GPU. */
  readonly communicationSeconds: number
  readonly demandRps: number
}

export type DeploymentLimits = {
  readonly gpus: number
  /** All sizes of one GPU together. */
  readonly sizePerGpu: number
  readonly clientsPerGpu: number
  readonly memoryMiBPerGpu: number
  /** Sizes there are, ascending. */
  readonly sizes: readonly number[]
  /** Whether it can be placed; by default whatever adds up can. */
  readonly fits?: (deployment: Deployment) => boolean
}

export type DeploymentProblem = {
  readonly pipelines: readonly Pipeline[]
  readonly limits: DeploymentLimits
}

/** Of a stage: how many instances, and how large each. */
export type StageDeployment = { readonly instances: number; readonly size: number }

/** By pipeline and stage. */
export type Deployment = readonly (readonly StageDeployment[])[]

export type Deployed = { readonly deployment: Deployment; readonly moves: number }

/**
 * P1, peak load: the deployment under which demand could grow most before some stage of some
 * pipeline is too slow. Reconstructed.
 */
export function peakLoadDeployment(
  problem: DeploymentProblem,
  start: Deployment,
  rng: Rng,
): Deployed {
  return search(problem, start, rng, (deployment) => Math.log(loadFactor(problem, deployment)))
}

/** P2, low load: the smallest deployment that still answers the demand. Reconstructed. */
export function lowLoadDeployment(
  problem: DeploymentProblem,
  start: Deployment,
  rng: Rng,
): Deployed {
  const { limits } = problem
  return search(problem, start, rng, (deployment) => {
    const missing = Math.max(0, 1 - loadFactor(problem, deployment))
    const used = sizeOf(deployment) / (limits.gpus * limits.sizePerGpu)
    return missing > 0 ? -1 - missing : -used
  })
}

/** By how much every demand could be multiplied until the slowest stage is just fast enough. */
export function loadFactor({ pipelines }: DeploymentProblem, deployment: Deployment): number {
  const factors = pipelines.flatMap(({ stages, demandRps }, i) =>
    stages.map((stage, j) => {
      const { instances, size } = must(deployment[i]?.[j])
      return demandRps <= 0 ? Infinity : (instances * stage.throughputRps(size)) / demandRps
    }),
  )
  return Math.min(...factors)
}

/** Sum of all limits' relative excess; 0 = feasible. */
export function excessOf({ pipelines, limits }: DeploymentProblem, deployment: Deployment): number {
  const { gpus, sizePerGpu, clientsPerGpu, memoryMiBPerGpu, fits } = limits
  let clients = 0
  let bandwidth = 0
  let memoryMiB = 0
  let late = 0
  for (const [i, { stages, qosSeconds, communicationSeconds }] of pipelines.entries()) {
    let seconds = communicationSeconds
    for (const [j, stage] of stages.entries()) {
      const { instances, size } = must(deployment[i]?.[j])
      clients += instances
      bandwidth += instances * stage.bandwidthShare(size)
      memoryMiB += instances * stage.memoryMiB
      seconds += Math.min(stage.durationSeconds(size), 1000 * qosSeconds)
    }
    late += excess(seconds, qosSeconds)
  }
  const sum =
    excess(sizeOf(deployment), gpus * sizePerGpu) +
    excess(clients, gpus * clientsPerGpu) +
    excess(bandwidth, gpus) +
    excess(memoryMiB, gpus * memoryMiBPerGpu) +
    late
  return sum === 0 && fits !== undefined && !fits(deployment) ? 0.1 : sum
}

export function sizesOf(deployment: Deployment): readonly number[] {
  return deployment.flat().flatMap(({ instances, size }) => Array(instances).fill(size))
}

function sizeOf(deployment: Deployment): number {
  return deployment.flat().reduce((sum, { instances, size }) => sum + instances * size, 0)
}

function excess(value: number, limit: number): number {
  return Math.max(0, value / limit - 1)
}

/** What breaks a limit is worse than anything that breaks none, and the worse the more. */
function search(
  problem: DeploymentProblem,
  start: Deployment,
  rng: Rng,
  meritOf: (deployment: Deployment) => number,
): Deployed {
  const { state, moves } = anneal({
    start,
    meritOf: (deployment) => {
      const beyond = excessOf(problem, deployment)
      return beyond > 0 ? -100 - beyond : Math.max(-99, meritOf(deployment))
    },
    neighbourOf: (deployment, own) => mutate(deployment, problem.limits.sizes, own),
    rng,
  })
  return { deployment: state, moves }
}

type Change = (own: StageDeployment) => StageDeployment

/**
 * One stage gets an instance more or less, each then about as much smaller or larger; or one step
 * of size goes from one stage to another, or to or from nobody.
 */
function mutate(deployment: Deployment, sizes: readonly number[], rng: Rng): Deployment {
  const flat = deployment.flat()
  const one = rng.integer(flat.length)
  const other = rng.integer(flat.length + 1)
  const step = rng.integer(2) === 0 ? 1 : -1
  if (rng.integer(2) === 0) return changed(deployment, one, moreInstances(sizes, step))
  const grown = changed(deployment, one, resized(sizes, step))
  if (other === one || other === flat.length) return grown
  return changed(grown, other, resized(sizes, -step))
}

function moreInstances(sizes: readonly number[], step: number): Change {
  return ({ instances, size }) => {
    const count = Math.max(1, instances + step)
    const wanted = (size * instances) / count
    return { instances: count, size: nearest(sizes, wanted) }
  }
}

function resized(sizes: readonly number[], step: number): Change {
  return ({ instances, size }) => {
    const next = sizes[sizes.indexOf(size) + step]
    return { instances, size: next ?? size }
  }
}

function nearest(sizes: readonly number[], wanted: number): number {
  return sizes.reduce((best, own) =>
    Math.abs(own - wanted) < Math.abs(best - wanted) ? own : best,
  )
}

function changed(deployment: Deployment, stage: number, change: Change): Deployment {
  let index = -1
  return deployment.map((stages) =>
    stages.map((own) => {
      index += 1
      return index === stage ? change(own) : own
    }),
  )
}

/** One instance each, about as large as an equal split makes it. */
export function equalDeployment({ pipelines, limits }: DeploymentProblem): Deployment {
  const { gpus, sizePerGpu, sizes } = limits
  const stages = pipelines.reduce((sum, own) => sum + own.stages.length, 0)
  const each = Math.min(sizePerGpu, (gpus * sizePerGpu) / Math.max(1, stages))
  const size = sizes.findLast((own) => own <= each) ?? must(sizes[0])
  return pipelines.map((own) => own.stages.map(() => ({ instances: 1, size })))
}
