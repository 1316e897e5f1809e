import { enumerateProfileCounts } from '../mig/profile-counts.ts'
import { slowdownOnShare } from '../mps/interference.ts'
import type { Site, SiteGpu } from '../site.ts'

/** Items per second of each tenant that one instance of each class gets done. */
export type Throughputs = readonly (readonly number[])[]

/**
 * What one second of all GPUs can be worth at most when an item of tenant w is worth prices[w]: any
 * layout and any holders, changed at no cost.
 */
export type GpuSupply = (prices: Float64Array) => number

/** One supply for all GPUs of a site: MIG by its layouts, shares by the best use of a part. */
export function gpuSupply(site: BoundSite, throughputs: Throughputs): GpuSupply {
  const supplies = site.gpus.map((gpu) =>
    gpu.model.sharing === undefined
      ? migSupply(site, gpu, throughputs)
      : shareSupply(site, gpu, throughputs),
  )
  return (prices) => supplies.reduce((sum, supply) => sum + supply(prices), 0)
}

export type BoundSite = {
  readonly gpus: readonly Pick<SiteGpu, 'model' | 'profileIds'>[]
  readonly classes: Site['classes']
}

/** The best of the layouts that nothing can be added to, each instance with its best holder. */
function migSupply(
  site: BoundSite,
  { model, profileIds }: BoundSite['gpus'][number],
  throughputs: Throughputs,
): GpuSupply {
  const classes = profileIds.map((profileId) => classIndexOf(site, model.id, profileId))
  const sets = enumerateProfileCounts(model, profileIds)
    .filter(({ isInclusionMaximal }) => isInclusionMaximal)
    .map(({ counts }) => Float64Array.from(profileIds, (id) => counts.get(id) ?? 0))
  const worth = new Float64Array(classes.length)
  return (prices) => {
    for (let i = 0; i < classes.length; i += 1) {
      let most = 0
      for (let w = 0; w < prices.length; w += 1) {
        const own = throughputs[w] as readonly number[]
        most = Math.max(most, (prices[w] as number) * (own[classes[i] as number] ?? 0))
      }
      worth[i] = most
    }
    let best = 0
    for (const counts of sets) {
      let sum = 0
      for (let i = 0; i < classes.length; i += 1) {
        sum += (counts[i] as number) * (worth[i] as number)
      }
      best = Math.max(best, sum)
    }
    return best
  }
}

/** All of the GPU for one tenant, as if shares came in any size and had no neighbours. */
function shareSupply(
  site: BoundSite,
  { model, profileIds }: BoundSite['gpus'][number],
  throughputs: Throughputs,
): GpuSupply {
  const whole = throughputs.map((own) =>
    Math.max(
      0,
      ...profileIds.map((percent) => {
        const rate = own[classIndexOf(site, model.id, percent)] ?? 0
        const alone = model.sharing === 'mps' ? rate * slowdownOnShare(percent / 100) : rate
        return (alone * 100) / percent
      }),
    ),
  )
  return (prices) =>
    whole.reduce((best, rate, w) => Math.max(best, rate * (prices[w] as number)), 0)
}

function classIndexOf({ classes }: BoundSite, modelId: string, profileId: number): number {
  return classes.findIndex((own) => own.gpuModelId === modelId && own.profileId === profileId)
}
