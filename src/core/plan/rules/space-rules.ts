import { overlaps, type PlacedProfile, sliceMask } from '../../mig/placement.ts'
import { atEachStart, byGpu, onInstance, type PlanRule, secondsOf } from './subject.ts'

/** Rules about which GPU instances can exist together: line 1 of designs/001. */

export const profilesAreAllowed: PlanRule = ({ instances }) =>
  instances.flatMap((own) => {
    const { share } = own.instance
    if (own.gpu === null || share.kind !== 'mig' || own.placed !== null) return []
    const allowed = own.gpu.profileIds.join(', ')
    return [onInstance(own, `has profile ${share.profileId}; ${own.gpu.id} may use ${allowed}`)]
  })

export const startsArePossible: PlanRule = ({ instances }) =>
  instances.flatMap((own) => {
    const { placed } = own
    if (placed === null || placed.profile.starts.includes(placed.start)) return []
    const { name, starts } = placed.profile
    return [onInstance(own, `starts at ${placed.start}; ${name} can at ${starts.join(', ')}`)]
  })

export const blockedSlicesAreLeftAlone: PlanRule = ({ instances }) =>
  instances.flatMap((own) => {
    const { gpu, placed } = own
    if (gpu === null || placed === null) return []
    const mask = sliceMask(placed.profile, placed.start)
    const hit = gpu.blocked.find(({ start, size }) => (mask & (((1 << size) - 1) << start)) !== 0)
    return hit === undefined
      ? []
      : [onInstance(own, `lies on memory slice ${hit.start} and on, which is ${hit.reason}`)]
  })

export const slicesHaveOneHolder: PlanRule = (subject) =>
  byGpu(subject, (_model, held) =>
    held.flatMap((own, index) =>
      held.slice(0, index).flatMap((other) => {
        const from = Math.max(own.firstSlot, other.firstSlot)
        const isTogether = from < Math.min(own.lastSlot, other.lastSlot)
        if (!isTogether || !overlaps(own.placed, other.placed)) return []
        const seconds = secondsOf(subject.problem, from)
        return [onInstance(own, `overlaps instance ${other.instance.id} at ${seconds} s`, seconds)]
      }),
    ),
  )

export const computeSlicesSuffice: PlanRule = (subject) =>
  byGpu(subject, (model, held) =>
    atEachStart(held, (own, alive) => {
      const used = alive.reduce((sum, { placed }) => sum + placed.profile.computeSlices, 0)
      if (used <= model.computeSlices) return []
      const seconds = secondsOf(subject.problem, own.firstSlot)
      const message = `makes it ${used} of ${model.computeSlices} compute slices at ${seconds} s`
      return [onInstance(own, message, seconds)]
    }),
  )

export const instanceCountsAreKept: PlanRule = (subject) =>
  byGpu(subject, (_model, held) =>
    atEachStart(held, (own, alive) => {
      const { profile } = own.placed
      const isAlike = ({ placed }: { readonly placed: PlacedProfile }) =>
        placed.profile.profileId === profile.profileId ||
        (profile.attribute === '+me' && placed.profile.attribute === '+me')
      const count = alive.filter(isAlike).length
      if (count <= profile.instanceCountMax) return []
      const seconds = secondsOf(subject.problem, own.firstSlot)
      const message = `makes it ${count} of at most ${profile.instanceCountMax} ${profile.name}`
      return [onInstance(own, `${message} at ${seconds} s`, seconds)]
    }),
  )

export const allMediaEnginesExclude: PlanRule = (subject) =>
  byGpu(subject, (_model, held) =>
    atEachStart(held, (own, alive) => {
      const isOwner = own.placed.profile.attribute === '+me.all'
      const rival = alive.find((other) => {
        if (other === own) return false
        const theirs = other.placed.profile.attribute
        const mine = own.placed.profile.attribute
        return isOwner ? theirs !== '-me' : theirs === '+me.all' && mine !== '-me'
      })
      if (rival === undefined) return []
      const seconds = secondsOf(subject.problem, own.firstSlot)
      const message = `cannot be beside ${rival.instance.id} (+me.all) at ${seconds} s`
      return [onInstance(own, message, seconds)]
    }),
  )

/** MPS: percentages instead of slices. */
export const percentagesArePossible: PlanRule = ({ instances }) =>
  instances.flatMap((own) => {
    const { share } = own.instance
    if (own.gpu === null || share.kind !== 'mps' || own.placed !== null) return []
    const allowed = own.gpu.profileIds.join(', ')
    return [onInstance(own, `has ${share.percent} % of ${own.gpu.id}, which gives ${allowed}`)]
  })

export const percentagesAddUp: PlanRule = ({ problem, instances }) =>
  problem.gpus.flatMap((gpu, index) => {
    const here = instances.filter(({ instance }) => instance.gpu === index)
    return atEachStart(here, (own, alive) => {
      const percent = alive.reduce((sum, { instance }) => {
        return sum + (instance.share.kind === 'mps' ? instance.share.percent : 0)
      }, 0)
      if (percent <= 100 + 1e-9) return []
      const seconds = secondsOf(problem, own.firstSlot)
      return [onInstance(own, `makes it ${percent} % of ${gpu.id} at ${seconds} s`, seconds)]
    })
  })
