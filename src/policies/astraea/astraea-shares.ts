import { must } from '../../base/assert.ts'
import { Rng } from '../../base/rng.ts'
import type { PlanningProblem, PlanningTenant } from '../../core/plan/problem.ts'
import type { MemoryNeed } from '../../core/workload/memory-need.ts'
import { headroom } from '../headroom.ts'
import type { Packer } from '../placing/packer.ts'
import { needOf } from '../placing/share-room.ts'
import { meanRps, type SizeFigures } from '../placing/size-figures.ts'
import type { Wanted } from '../placing/wanted.ts'
import {
  type Deployment,
  type DeploymentProblem,
  equalDeployment,
  excessOf,
  loadFactor,
  lowLoadDeployment,
  type Pipeline,
  peakLoadDeployment,
  type Stage,
  sizesOf,
} from './deployment.ts'
import { type Execution, trainPredictor } from './predictor.ts'
import { runningDeployment } from './running-deployment.ts'

/** Clients of one GPU under MPS on Volta and later (NVIDIA, Multi-Process Service). */
const clientsPerGpu = 48
/** What a deployment must be better by before workers are restarted for it. */
const worthwhile = 0.1

export type AstraeaShares = {
  readonly deployment: Deployment
  /** Whether the load leaves room to retrain beside it. */
  readonly isLowLoad: boolean
  readonly moves: number
}

/**
 * Astraea for tenants that answer requests and retrain (our adapter): a tenant is a pipeline of one
 * stage. If the load of the last window leaves room, the smallest deployment that answers it is
 * taken and the rest retrains; if not, or if nobody wants to retrain, the one with the highest peak
 * load. What runs is kept where a new deployment would hardly be better.
 */
export function astraeaShares(
  problem: PlanningProblem,
  context: {
    readonly figures: SizeFigures
    readonly packer: Packer
    /** Held by retrainings that go on, in the unit of sizes. */
    readonly held: number
    /** Kept for retraining at any load; null when nobody wants to. */
    readonly floor: Wanted | null
    readonly memory: readonly MemoryNeed[]
  },
): AstraeaShares {
  const { floor } = context
  const deploying = deploymentProblem(problem, context)
  const rng = new Rng(problem.windowIndex, 'astraea')
  const running = runningDeployment(problem)
  const start = running ?? equalDeployment(deploying)
  const peak = peakLoadDeployment(deploying, start, rng.split('peak'))
  const factor = loadFactor(deploying, peak.deployment)
  if (floor === null || factor < 1 || excessOf(deploying, peak.deployment) > 0) {
    const isKept =
      running !== null &&
      excessOf(deploying, running) === 0 &&
      loadFactor(deploying, running) >= (1 - worthwhile) * factor
    const deployment = isKept ? running : peak.deployment
    return { deployment, isLowLoad: false, moves: peak.moves }
  }
  const low = lowLoadDeployment(deploying, peak.deployment, rng.split('low'))
  const { gpus, sizePerGpu } = deploying.limits
  const slack = worthwhile * gpus * sizePerGpu
  const isKept =
    running !== null &&
    excessOf(deploying, running) === 0 &&
    loadFactor(deploying, running) >= 1 &&
    totalOf(running) <= totalOf(low.deployment) + slack
  const deployment = isKept ? running : low.deployment
  return { deployment, isLowLoad: true, moves: peak.moves + low.moves }
}

function totalOf(deployment: Deployment): number {
  return sizesOf(deployment).reduce((sum, size) => sum + size, 0)
}

function deploymentProblem(
  problem: PlanningProblem,
  { figures, packer, held, floor, memory }: Parameters<typeof astraeaShares>[1],
): DeploymentProblem {
  const reserved = floor === null ? [] : [floor]
  const isShared = problem.gpus.some(({ model }) => model.sharing !== undefined)
  const gpus = problem.gpus.length
  return {
    pipelines: problem.tenants.map((tenant, tenantIndex) => {
      const memoryMiB = isShared ? needOf(memory, { tenantIndex, role: 'inference' }) : 0
      return pipelineOf(tenant, figures, memoryMiB)
    }),
    limits: {
      gpus,
      sizePerGpu: (figures.total - held - (floor?.size ?? 0)) / gpus,
      clientsPerGpu,
      memoryMiBPerGpu: problem.gpus[0]?.model.profiles[0]?.memoryMiB ?? Infinity,
      sizes: figures.sizes.toReversed(),
      fits: (deployment) => packer.fits([...wantedOf(deployment), ...reserved]),
    },
  }
}

function wantedOf(deployment: Deployment): readonly Wanted[] {
  return deployment.flatMap((stages, tenantIndex) =>
    sizesOf([stages]).map((size): Wanted => ({ size, tenantIndex, role: 'inference' })),
  )
}

function pipelineOf(tenant: PlanningTenant, figures: SizeFigures, memoryMiB: number): Pipeline {
  return {
    stages: [stageOf(tenant, figures, memoryMiB)],
    qosSeconds: tenant.sloSeconds,
    communicationSeconds: 0,
    demandRps: meanRps(tenant) / headroom,
  }
}

function stageOf(tenant: PlanningTenant, figures: SizeFigures, memoryMiB: number): Stage {
  // No figures for the memory bandwidth of these models: that limit does not bind.
  const limits = { bandwidthShare: () => 0, memoryMiB }
  const executions = figures.sizes.flatMap((size) => executionsOn(tenant, figures, size))
  const canServe = (size: number) => (tenant.serving[figures.classOf(size)] ?? null) !== null
  if (executions.length === 0) {
    return { ...limits, throughputRps: () => 0, durationSeconds: () => Infinity }
  }
  const predictor = trainPredictor(executions)
  return {
    ...limits,
    throughputRps: remembered((size) => {
      return canServe(size) ? predictor.throughput(size) / tenant.itemsPerRequest : 0
    }),
    durationSeconds: remembered((size) => {
      return canServe(size) ? predictor.durationSeconds(size) : Infinity
    }),
  }
}

/** Batches of powers of two and the largest, as far as they are safe within the SLO. */
function executionsOn(
  tenant: PlanningTenant,
  figures: SizeFigures,
  size: number,
): readonly Execution[] {
  const way = tenant.serving[figures.classOf(size)] ?? null
  if (way === null) return []
  const { itemsMax, latencySeconds } = way
  const powers = Array.from({ length: 9 }, (_, i) => 2 ** i).filter((items) => items < itemsMax)
  return [...powers, itemsMax].map((items) => ({
    size,
    items,
    seconds: must(latencySeconds[items]),
  }))
}

function remembered(of: (size: number) => number): (size: number) => number {
  const known = new Map<number, number>()
  return (size) => {
    const found = known.get(size) ?? of(size)
    known.set(size, found)
    return found
  }
}
